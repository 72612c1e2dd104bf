/**
 * `cairn ban` and `cairn unban`: whom a running node keeps away, and lets in again.
 *
 * Bans are of hosts; which host a name stands for is found out by the node.
 */

import { setting, textLike, wholeNumber } from "../node/settings.ts";
import type { BanAnswer, BansAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE, flagOnly, UsageError } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { formatAge, formatTime } from "./units.ts";

const GROUP = "Peers of a running node";

const HOUR_SECONDS = 3_600;

export const banCommand = defineCommand({
  name: "ban",
  summary: "Keep a host away, or list who is",
  group: GROUP,
  usage: ["ban [OPTIONS]", "ban PEER [OPTIONS]"],
  description:
    "Ends all connections with a host and lets none come about, for a day unless told otherwise. " +
    "PEER is an IP address, or a peer's address, number or node id as cairn peers shows them. " +
    "Without it, lists the bans in force, and the hosts avoided for what they did.",
  options: {
    hours: flagOnly(
      setting({
        kind: wholeNumber(1, 366 * 24),
        group: "The ban",
        help: "How long it lasts",
        default: 24,
      }),
    ),
    reason: flagOnly(
      setting({
        kind: textLike(/^[^\p{Cc}]{0,200}$/u, "at most 200 characters", "TEXT"),
        group: "The ban",
        help: "Why, for those who read the list",
        default: "",
        defaultText: "none",
      }),
    ),
    ...CLIENT_OPTIONS,
  },
  maxPositionals: 1,
  examples: [
    { line: "cairn ban", does: "Who is banned" },
    { line: "cairn ban 192.168.1.66 --hours 48", does: "Keep a host away for two days" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const client = new ApiClient({ options, world });
    const [name] = positionals;
    if (name === undefined) {
      const { text, value } = await client.get<BansAnswer>("/api/peers/bans");
      if (options.json) terminal.printRaw(text);
      else printBans(terminal, value, world.clock.now());
      return EXIT_CODE.ok;
    }
    const path = `/api/peers/${encodeURIComponent(name)}/ban`;
    const { hours, reason } = options;
    const body = { seconds: hours * HOUR_SECONDS, reason };
    const { text, value } = await client.post<BanAnswer>(path, body);
    if (options.json) terminal.printRaw(text);
    else terminal.print(`${value.host} is banned until ${formatTime(value.until / 1_000)}`);
    return EXIT_CODE.ok;
  },
});

export const unbanCommand = defineCommand({
  name: "unban",
  summary: "Let a banned host in again",
  group: GROUP,
  usage: ["unban IP [OPTIONS]"],
  description: "Lifts the ban of a host, and forgives one that is avoided for what it did.",
  options: CLIENT_OPTIONS,
  maxPositionals: 1,
  examples: [{ line: "cairn unban 192.168.1.66", does: "Lift its ban" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = positionals;
    if (name === undefined) throw new UsageError("say which host: cairn ban lists them");
    const client = new ApiClient({ options, world });
    const path = `/api/peers/${encodeURIComponent(name)}/ban`;
    const { text, value } = await client.delete<{ readonly host: string }>(path);
    if (options.json) terminal.printRaw(text);
    else terminal.print(`${value.host} may connect again`);
    return EXIT_CODE.ok;
  },
});

function printBans(terminal: Terminal, { bans, discouraged }: BansAnswer, now: number): void {
  if (bans.length === 0 && discouraged.length === 0) {
    terminal.print("Nobody is banned");
    return;
  }
  terminal.printTable(
    [{ title: "host" }, { title: "ends" }, { title: "why" }],
    [
      ...bans.map(({ host, until, reason }) => [host, formatAge((now - until) / 1_000), reason]),
      ...discouraged.map(({ host, secondsLeft }) => [host, formatAge(-secondsLeft), "misbehaved"]),
    ],
  );
}
