/**
 * The frame: which command runs, and what exit code and output each way to be wrong gives.
 */

import { describe, expect, test } from "bun:test";
import { CommandError, defineCommand, type World } from "../../../src/cli/command.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { runCli } from "../../../src/cli/run.ts";
import { fakeWorld, run } from "./fake-world.ts";

describe("runCli", () => {
  test("runs a node when no command is named, with the flags given", async () => {
    expect((await run([])).nodes).toHaveLength(1);
    expect((await run(["--port", "9000"])).nodes[0]?.port).toBe(9000);
    expect((await run(["start", "--no-mine"])).nodes[0]?.mine).toBe(false);
  });

  test("returns the exit code of the node", async () => {
    expect((await run([], { runNode: async () => 7 })).code).toBe(7);
  });

  test("hands environment and file to the node's configuration", async () => {
    const files = { "/home/ada/.local/share/cairn/cairn.toml": "threads = 3" };
    const { nodes } = await run([], { environment: { CAIRN_PORT: "1" }, files });
    expect(nodes[0]?.port).toBe(1);
    expect(nodes[0]?.threads).toBe(3);
  });

  test.each([
    [["--version"]],
    [["--help"]],
    [["-h"]],
    [["help"]],
    [["help", "block"]],
    [["block", "--help"]],
    [["--mine", "--help"]],
  ])("answers %p on stdout with 0", async (argv) => {
    const { code, stdout, stderr, nodes } = await run(argv);
    expect(code).toBe(0);
    expect(stdout.text).not.toBe("");
    expect(stderr.text).toBe("");
    expect(nodes).toHaveLength(0);
  });

  test.each([
    [["stats"]],
    [[""]],
    [["help", "stats"]],
    [["--prot", "1"]],
    [["-"]],
    [["start", "extra"]],
    [["status", "extra"]],
    [["status", "--jsno"]],
    [["status", "--json", "--json"]],
    [["status", "--url"]],
    [["status", "--url", "localhost:8080"]],
    [["status", "--url", "http://user:secret@localhost"]],
    [["chain", "--limit", "101"]],
    [["block", "xyz"]],
    [["block", "../status"]],
    [["block", "1", "2"]],
    [["tx"]],
    [["tx", "abc"]],
    [["tx", "send"]],
    [["tx", "send", "0"]],
    [["tx", "send", "zz"]],
    [["tx", "a".repeat(64), "b"]],
  ])("calls %p a usage error: 2, one line on stderr, nothing on stdout", async (argv) => {
    const { code, stdout, stderr, nodes } = await run(argv);
    expect(code).toBe(2);
    expect(stdout.text).toBe("");
    expect(stderr.lines).toHaveLength(1);
    expect(nodes).toHaveLength(0);
  });

  test("refuses unknown variables for every command", async () => {
    const environment = { CAIRN_ULR: "http://127.0.0.1:1" };
    expect((await run(["status"], { environment })).code).toBe(2);
    expect((await run([], { environment })).code).toBe(2);
  });

  test("suggests the command that was meant", async () => {
    expect((await run(["stauts"])).stderr.text).toContain("did you mean status?");
  });
});

describe("families", () => {
  const family = { name: "toy", summary: "Play with toys", group: "Toys" };
  const ran: string[] = [];
  const toy = (name: string) =>
    defineCommand({
      name,
      summary: `Do ${name}`,
      group: "Toys",
      usage: [name],
      description: "Does.",
      options: {},
      maxPositionals: 1,
      examples: [],
      run: async ({ positionals }) => {
        ran.push([name, ...positionals].join(" "));
        return 0;
      },
    });
  const commands = [toy("toy make"), toy("toy break"), toy("play")];
  const runToy = async (...argv: string[]) => {
    const { world, stdout, stderr } = fakeWorld();
    ran.length = 0;
    const code = await runCli(argv, world, commands, [family]);
    return { code, ran: [...ran], stdout, stderr };
  };

  test("a member is named by two words, and gets the rest", async () => {
    expect(await runToy("toy", "make", "doll")).toMatchObject({ code: 0, ran: ["toy make doll"] });
    expect(await runToy("play", "ball")).toMatchObject({ code: 0, ran: ["play ball"] });
  });

  test.each(["toy", "toy --help", "help toy"])("%p shows the members", async (line) => {
    const { code, stdout } = await runToy(...line.split(" "));
    expect(code).toBe(0);
    for (const text of ["toy make", "toy break"]) expect(stdout.text).toContain(text);
    expect(stdout.text).not.toContain("play");
  });

  test("a member has its own page", async () => {
    expect((await runToy("toy", "make", "--help")).stdout.text).toContain("cairn toy make: Do");
    expect((await runToy("help", "toy", "make")).stdout.text).toContain("cairn toy make: Do");
  });

  test("the overview shows a family once", async () => {
    const { stdout } = await runToy("--help");
    expect(stdout.text).toContain("Play with toys");
    expect(stdout.text).not.toContain("toy make");
  });

  test("an unknown member is a usage error, with a suggestion", async () => {
    const { code, stderr } = await runToy("toy", "mkae");
    expect(code).toBe(2);
    expect(stderr.text).toContain("did you mean toy make?");
  });
});

describe("failures", () => {
  const failing = (error: unknown) =>
    defineCommand({
      name: "fail",
      summary: "Fails",
      group: "Tests",
      usage: ["fail"],
      description: "Fails.",
      options: {},
      maxPositionals: 0,
      examples: [],
      run: async () => {
        throw error;
      },
    });
  const fail = async (error: unknown, world: World) => runCli(["fail"], world, [failing(error)]);

  test("give 1 and one line without a stack, whatever was thrown", async () => {
    for (const error of [new CommandError("no"), new TypeError("a\nb"), "text", undefined]) {
      const { world, stdout, stderr } = fakeWorld();
      expect(await fail(error, world)).toBe(1);
      expect(stdout.text).toBe("");
      expect(stderr.lines).toHaveLength(1);
    }
  });

  test("show stacks and causes when CAIRN_DEBUG is set", async () => {
    const { world, stderr } = fakeWorld({ environment: { CAIRN_DEBUG: "1" } });
    const error = new CommandError("no", { cause: new Error("the cause") });
    expect(await fail(error, world)).toBe(1);
    expect(stderr.text).toContain("run.test.ts");
    expect(stderr.text).toContain("the cause");
  });

  test("cannot command the terminal by what they say", async () => {
    const { world, stderr } = fakeWorld();
    await fail(new CommandError("\x1b[2J\x9b2J\u202e"), world);
    for (const character of "\x1b\x9b\u202e") expect(stderr.text).not.toContain(character);
  });
});

describe("help", () => {
  test("fits 100 columns, and the terminal's where that is narrower", async () => {
    for (const columns of [200, 100, 60, 40]) {
      for (const argv of [["help"], ...COMMANDS.map(({ name }) => ["help", ...name.split(" ")])]) {
        const { stdout } = await run(argv, { columns });
        const longest = Math.max(...stdout.lines.map((line) => line.length));
        if (columns >= 60) expect(longest).toBeLessThanOrEqual(Math.min(columns, 100));
      }
    }
  });

  test("names every command with an example, and every option", async () => {
    for (const { name, summary, examples, options } of COMMANDS) {
      // A member of a family stands on the family's page.
      const overview = (await run(["help", ...name.split(" ").slice(0, -1)])).stdout.text;
      expect(overview).toContain(summary);
      expect(summary).not.toEndWith(".");
      expect(examples.length).toBeGreaterThan(0);

      const page = (await run([...name.split(" "), "--help"])).stdout.text;
      expect(page).toContain(`cairn ${name}`);
      for (const row of Object.values(options)) {
        expect(page.replace(/\s+/g, " ")).toContain(row.help);
      }
    }
  });

  test("is coloured on a terminal alone, and never when NO_COLOR is set", async () => {
    expect((await run(["help"], { isTty: true })).stdout.text).toContain("\x1b[1m");
    expect((await run(["help"])).stdout.text).not.toContain("\x1b");
    for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect((await run(["help"], { isTty: true, environment })).stdout.text).not.toContain("\x1b");
    }
  });
});
