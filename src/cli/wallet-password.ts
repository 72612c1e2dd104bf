/**
 * `cairn wallet password`: another password for a wallet's file.
 *
 * The node checks the old one; nothing here knows whether it was right.
 */

import { path, setting } from "../node/settings.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE, flagOnly } from "./command.ts";
import { PASSWORD_OPTIONS, readNewPassword, readPassword } from "./read-password.ts";
import { takeArguments } from "./verbs.ts";
import { MONEY_GROUP, WALLET_GROUP, walletPath } from "./wallet-options.ts";

export const walletPasswordCommand = defineCommand({
  name: "wallet password",
  summary: "Change a wallet's password",
  group: MONEY_GROUP,
  usage: ["wallet password NAME [OPTIONS]"],
  description:
    "Asks for the old password, and twice for the new one. Copies of the file from before still " +
    "open with the old one; if somebody else knows it, send the coins to another wallet.",
  options: {
    ...PASSWORD_OPTIONS,
    newPasswordFile: flagOnly(
      setting<string | undefined>({
        kind: path("FILE"),
        group: WALLET_GROUP,
        help: "Read the new password likewise",
        default: undefined,
        defaultText: "asked for, unseen",
      }),
    ),
    ...CLIENT_OPTIONS,
  },
  maxPositionals: 1,
  examples: [{ line: "cairn wallet password alice", does: "Asks for the old and the new one" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const path = walletPath(name, "password");
    const client = new ApiClient({ options, world });
    const password = await readPassword(world, options.passwordFile, `Old password of ${name}`);
    const newPassword = await readNewPassword(world, options.newPasswordFile);
    const { text } = await client.post(path, { password, newPassword });
    if (options.json) terminal.printRaw(text);
    else terminal.print({ text: "The password is changed", style: "green" });
    return EXIT_CODE.ok;
  },
});
