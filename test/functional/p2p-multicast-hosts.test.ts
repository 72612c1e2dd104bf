/**
 * Multicast between hosts of their own, with no setting at all: the real datagrams on a bridge that
 * leads nowhere.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  NAMESPACE_PROBLEM,
  type NamespaceHost,
  NamespaceNetwork,
} from "../support/network-namespaces.ts";

const PROGRAM = join(import.meta.dir, "../support/multicast-host.ts");

const because = NAMESPACE_PROBLEM === undefined ? "" : ` (skipped: ${NAMESPACE_PROBLEM})`;

describe.skipIf(NAMESPACE_PROBLEM !== undefined)(`multicast between hosts${because}`, () => {
  let network: NamespaceNetwork;
  let outside: NamespaceHost;

  beforeAll(() => {
    network = NamespaceNetwork.create(3);
    outside = network.addOutsider();
  });

  afterAll(async () => {
    await network?.remove();
  });

  test("a datagram reaches every host on the bridge, and none beyond its router", async () => {
    const [one, two, three, far] = await Promise.all(
      [...network.hosts, outside].map((host) => Program.start(host)),
    );
    const watcher = await Program.start(network.hosts[1]!, "watch");
    one!.say("send hello");
    for (const program of [one, two, three])
      await program!.expectLine("heard hello from 10.83.0.1");
    // It could not pass any router: each takes one off, and drops what has none left.
    await watcher.expectLine("time to live 1");

    // The router does pass on what is for the other side.
    const echo = outside.run([process.execPath, "-e", ECHO_SERVER]);
    await echo.stdout.getReader().read();
    const [host] = network.hosts;
    const client = host!.run([process.execPath, "-e", `${ECHO_CLIENT}("${outside.address}")`]);
    expect(await new Response(client.stdout).text()).toBe("reached\n");
    far!.say("send from beyond");
    await far!.expectLine("heard from beyond from 10.84.0.1");
    two!.say("send goodbye");
    for (const program of [one, two, three]) {
      await program!.expectLine("heard goodbye from 10.83.0.2");
      expect(program!.lines.filter((line) => line.includes("beyond"))).toEqual([]);
    }
    expect(far!.lines.filter((line) => line.startsWith("heard"))).toEqual([
      "heard from beyond from 10.84.0.1",
    ]);
    for (const program of [one, two, three, far, watcher]) await program!.stop();
  });

  test("P-54: a host that was cut off, unplugged or given a new interface is heard again", async () => {
    const [one, two] = network.hosts as [NamespaceHost, NamespaceHost];
    const [speaker, listener] = [await Program.start(one), await Program.start(two)];
    const { address } = two;

    two.cut();
    speaker.say("send into silence");
    await speaker.expectLine("heard into silence from 10.83.0.1");
    two.heal();
    await speaker.sayUntil("send back", listener, "heard back from 10.83.0.1");

    two.unplug();
    // Without its cable a host is alone, and speaks to itself.
    await listener.sayUntil("show", listener, "joined 127.0.0.1");
    two.heal();
    await listener.sayUntil("show", listener, `joined ${address}`);
    await speaker.sayUntil("send again", listener, "heard again from 10.83.0.1");
    await listener.sayUntil("send too", speaker, `heard too from ${address}`);

    // Between two looks at the interfaces nothing seems to have changed, and yet all is lost.
    two.replaceInterface();
    await speaker.sayUntil("send once more", listener, "heard once more from 10.83.0.1");
    expect(listener.lines).not.toContain("heard into silence from 10.83.0.1");
    for (const program of [speaker, listener]) await program.stop();
  });

  test("hosts, their links and their processes are gone when the network is removed", async () => {
    const other = NamespaceNetwork.create(2);
    const [host] = other.hosts;
    const program = await Program.start(host!);
    expect(namespaces()).toContain(host!.name);
    await other.remove();
    expect(namespaces().filter((name) => other.hosts.some((gone) => gone.name === name))).toEqual(
      [],
    );
    expect(program.child.exitCode ?? program.child.signalCode).not.toBeNull();
  });
});

const ECHO_SERVER = `
  Bun.listen({ hostname: "0.0.0.0", port: 7777, socket: { data() {}, error() {} } });
  console.log("ready");
`;

const ECHO_CLIENT = `(async (hostname) => {
  const socket = await Bun.connect({ hostname, port: 7777, socket: { data() {}, error() {} } });
  console.log("reached");
  socket.end();
})`;

/** The program of multicast-host.ts in a host, and the lines it has printed. */
class Program {
  readonly child: ReturnType<NamespaceHost["run"]>;
  readonly lines: string[] = [];
  #wake = () => {};

  private constructor(host: NamespaceHost, ...argv: string[]) {
    this.child = host.run([process.execPath, PROGRAM, ...argv]);
  }

  static async start(host: NamespaceHost, ...argv: string[]): Promise<Program> {
    const program = new Program(host, ...argv);
    void program.#read();
    await program.expectLine("ready");
    return program;
  }

  say(line: string): void {
    this.child.stdin.write(`${line}\n`);
    void this.child.stdin.flush();
  }

  /** Waits until `line` has been printed. */
  async expectLine(line: string): Promise<void> {
    while (!this.lines.includes(line)) await this.#nextLine();
  }

  /** Says `line` again and again until `other` has printed `answer`. */
  async sayUntil(line: string, other: Program, answer: string): Promise<void> {
    while (!other.lines.includes(answer)) {
      this.say(line);
      // Its own word comes back, if nothing else does.
      await this.#nextLine();
    }
  }

  async stop(): Promise<void> {
    this.child.kill();
    await this.child.exited;
  }

  async #nextLine(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      this.#wake();
    }
  }
}

function namespaces(): string[] {
  const listed = Bun.spawnSync(["ip", "netns", "list"]).stdout.toString();
  return listed.split("\n").map((line) => line.split(" ")[0] ?? "");
}
