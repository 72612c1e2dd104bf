/**
 * Hosts of their own on one machine: network namespaces, joined by a bridge in one more.
 *
 * Linux, root and iproute2 only; elsewhere `NAMESPACE_PROBLEM` says why not, and tests skip with
 * it. No packet can leave: nothing here is tied to an interface of the machine.
 */

import { existsSync, readdirSync } from "node:fs";

/** Why namespaces cannot be had here; undefined if they can. */
export const NAMESPACE_PROBLEM = findProblem();

/** Namespaces of this kind, whoever made them: cairn, the maker's process, a number, the host. */
const NAME_PATTERN = /^cairn-(\d+)-\d+-\w+$/;

const NAMES_FOLDER = "/var/run/netns";

type Process = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** One host. */
export interface NamespaceHost {
  /** Its namespace. */
  readonly name: string;
  /** Its IPv4 address on the bridge. */
  readonly address: string;
  /**
   * Starts `command` in the host, without CAIRN_ variables but those in `environment`; it ends with
   * the network at the latest.
   */
  run(command: readonly string[], environment?: Record<string, string>): Process;
  /** Loses everything sent to and from it, while its link seems to be up. */
  cut(): void;
  /** Takes its cable out: the host sees that its link is down. */
  unplug(): void;
  /** Takes its interface out and puts in a new one with the same address, at once. */
  replaceInterface(): void;
  /** Undoes `cut`, `unplug` and `separate`. */
  heal(): void;
}

/** Nothing of the caller's own configuration may reach a node: it is to find its way by itself. */
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("CAIRN_")),
);

let networkCount = 0;

/** Some hosts on one bridge. */
export class NamespaceNetwork {
  readonly hosts: readonly NamespaceHost[];
  readonly #prefix: string;
  readonly #names: string[] = [];
  readonly #processes: Process[] = [];
  #hasIsland = false;
  readonly #removeAtExit = () => this.#deleteNamespaces();

  private constructor(hostCount: number) {
    this.#prefix = `cairn-${process.pid}-${++networkCount}`;
    process.on("exit", this.#removeAtExit);
    const hub = this.#hub;
    this.#addNamespace(hub);
    ip(["-n", hub, "link", "add", "bridge", "type", "bridge"]);
    ip(["-n", hub, "link", "set", "bridge", "up"]);
    this.hosts = Array.from({ length: hostCount }, (_, index) => {
      const host = this.#addHost(`host${index + 1}`, `10.83.0.${index + 1}`);
      host.heal();
      return host;
    });
  }

  /** Makes `hostCount` hosts that reach each other, at most 200. */
  static create(hostCount: number): NamespaceNetwork {
    removeStale();
    return new NamespaceNetwork(hostCount);
  }

  /**
   * Adds a host beyond a router, which is where the bridge is: others reach it through the router
   * only.
   */
  addOutsider(): NamespaceHost {
    const outsider = this.#addHost("outside", "10.84.0.1");
    const port = portOf(outsider.name);
    ip(["-n", this.#hub, "addr", "add", "10.84.0.254/24", "dev", port]);
    ip(["-n", this.#hub, "link", "set", port, "up"]);
    ip(["-n", this.#hub, "addr", "add", "10.83.0.254/24", "dev", "bridge"]);
    ip(["-n", outsider.name, "route", "add", "default", "via", "10.84.0.254"]);
    for (const { name } of this.hosts) {
      ip(["-n", name, "route", "add", "default", "via", "10.83.0.254"]);
    }
    ip(["netns", "exec", this.#hub, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    return outsider;
  }

  /**
   * Parts `hosts` from all others, while all links seem to be up: they reach each other still. `heal`
   * of each brings it back.
   */
  separate(hosts: readonly NamespaceHost[]): void {
    const hub = this.#hub;
    if (!this.#hasIsland) {
      ip(["-n", hub, "link", "add", "island", "type", "bridge"]);
      ip(["-n", hub, "link", "set", "island", "up"]);
      this.#hasIsland = true;
    }
    for (const { name } of hosts) ip(["-n", hub, "link", "set", portOf(name), "master", "island"]);
  }

  /** Ends every process in the hosts, and the hosts. */
  async remove(): Promise<void> {
    for (const child of this.#processes) child.kill("SIGKILL");
    await Promise.all(this.#processes.map(({ exited }) => exited));
    this.#deleteNamespaces();
    process.off("exit", this.#removeAtExit);
  }

  get #hub(): string {
    return `${this.#prefix}-hub`;
  }

  #addHost(label: string, address: string): NamespaceHost {
    const name = `${this.#prefix}-${label}`;
    const [hub, port] = [this.#hub, portOf(name)];
    this.#addNamespace(name);
    const addInterface = () => {
      const ends = ["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name];
      ip(["-n", hub, ...ends]);
      ip(["-n", name, "addr", "add", `${address}/24`, "dev", "eth0"]);
      ip(["-n", name, "link", "set", "eth0", "up"]);
    };
    const heal = () => ip(["-n", hub, "link", "set", port, "master", "bridge", "up"]);
    ip(["-n", name, "link", "set", "lo", "up"]);
    addInterface();
    return {
      name,
      address,
      run: (command, environment = {}) => {
        const child = Bun.spawn(["ip", "netns", "exec", name, ...command], {
          env: { ...INHERITED, ...environment },
          stdin: "pipe",
          stdout: "pipe",
          stderr: "pipe",
        });
        this.#processes.push(child);
        return child;
      },
      cut: () => ip(["-n", hub, "link", "set", port, "nomaster"]),
      unplug: () => ip(["-n", hub, "link", "set", port, "down"]),
      replaceInterface: () => {
        ip(["-n", hub, "link", "delete", port]);
        addInterface();
        heal();
      },
      heal,
    };
  }

  #addNamespace(name: string): void {
    ip(["netns", "add", name]);
    this.#names.push(name);
  }

  #deleteNamespaces(): void {
    for (const name of this.#names.splice(0)) {
      Bun.spawnSync(["ip", "netns", "delete", name], { stdout: "ignore", stderr: "ignore" });
    }
  }
}

/** The bridge's end of a host's link: interface names have at most 15 letters. */
function portOf(name: string): string {
  return name.split("-").at(-1) ?? name;
}

function ip(args: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync(["ip", ...args], { stdout: "ignore", stderr: "pipe" });
  if (!success) throw new Error(`ip ${args.join(" ")}: ${stderr.toString().trim()}`);
}

/** Removes what processes that were killed have left. */
function removeStale(): void {
  if (!existsSync(NAMES_FOLDER)) return;
  for (const name of readdirSync(NAMES_FOLDER)) {
    const maker = NAME_PATTERN.exec(name)?.[1];
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) ip(["netns", "delete", name]);
  }
}

function findProblem(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (Bun.which("ip") === null) return "the command ip of iproute2 is missing";
  const probe = `cairn-${process.pid}-0-probe`;
  try {
    ip(["netns", "add", probe]);
    ip(["-n", probe, "link", "add", "bridge", "type", "bridge"]);
    ip(["-n", probe, "link", "add", "one", "type", "veth", "peer", "name", "two"]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    Bun.spawnSync(["ip", "netns", "delete", probe], { stderr: "ignore" });
  }
}
