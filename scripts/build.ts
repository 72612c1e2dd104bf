#!/usr/bin/env bun
/**
 * Builds the one-file executable: `dist/cairn` for this platform, or with `--all` one for every
 * platform, `dist/cairn-<platform>`. Bun fetches the other platforms' runtimes from the npm registry
 * once, and keeps them in its cache.
 *
 * Knows the shape of the tree and nothing of the program: entries are `src/main.ts` and every
 * `*.worker.ts` below it, and `src/` is their root, so that a worker's URL made in main.ts holds.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { bundleDashboard } from "./bundle-dashboard.ts";
import { signAdHoc } from "./mach-o-signature.ts";

/** Every platform we build for, with the folder of its native addon where one exists. */
const PLATFORMS = {
  "linux-x64": { addon: "linux-x64" },
  "linux-arm64": { addon: undefined },
  "darwin-arm64": { addon: "darwin-arm64" },
  "darwin-x64": { addon: undefined },
  "windows-x64": { addon: "win32-x64" },
} as const;

type Platform = keyof typeof PLATFORMS;

const ROOT = join(import.meta.dir, "..");

/** Long enough for a slow disk to load 110 MB the first time. */
const SMOKE_TIMEOUT_MS = 20_000;

async function build(platform: Platform, outfile: string, dashboard: Bun.BunPlugin): Promise<void> {
  const started = performance.now();
  const addons = new Set<string>();

  await Bun.build({
    entrypoints: [join(ROOT, "src/main.ts"), ...workerEntries()],
    root: join(ROOT, "src"),
    target: "bun",
    format: "esm",
    // Names stay (`keepNames` loses those of classes): logs and error reports show them, and they
    // cost 0.2 MB.
    minify: { whitespace: true, syntax: true, identifiers: false },
    // Held compressed inside the binary, and read when an error is shown: its lines are ours.
    sourcemap: "linked",
    // Starts in a third of the time. Bun's own engine makes it, so for its own platform only.
    bytecode: platform === thisPlatform(),
    // Its optimiser made portable SHA-256 a quarter slower in the long run, and starting no faster.
    optimize: { bytecode: false },
    define: {
      CAIRN_VERSION: JSON.stringify(await readVersion()),
      "process.env.NODE_ENV": '"production"',
    },
    plugins: [dashboard, recordAddons(addons)],
    compile: {
      target: `bun-${platform}`,
      outfile,
      // Whoever may write into the folder we are started from must not be able to change us.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });

  removeMaps();
  if (platform === "darwin-x64") {
    await Bun.write(outfile, signAdHoc(await Bun.file(outfile).bytes(), "cairn"));
  }
  checkAddons(platform, [...addons]);
  const megabytes = (Bun.file(outfile).size / 1e6).toFixed(1);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const addon = addons.size === 0 ? "portable signatures" : "native signatures";
  console.log(`${relative(ROOT, outfile)}  ${megabytes} MB, ${addon}, ${seconds} s`);
}

/** The bundler also leaves its maps beside the binary, which needs none of them. */
function removeMaps(): void {
  for (const path of new Bun.Glob("*.map").scanSync({ cwd: join(ROOT, "dist") })) {
    rmSync(join(ROOT, "dist", path));
  }
}

function workerEntries(): string[] {
  return [...new Bun.Glob("src/**/*.worker.ts").scanSync({ cwd: ROOT })]
    .sort()
    .map((path) => join(ROOT, path));
}

async function readVersion(): Promise<string> {
  const { version } = await Bun.file(join(ROOT, "package.json")).json();
  return version;
}

/**
 * Puts the dashboard's files, bundled into `folder`, in the place of the module that would bundle
 * them: a binary has neither their sources nor the libraries.
 */
async function embedDashboard(folder: string): Promise<Bun.BunPlugin> {
  const files = await bundleDashboard();
  const imports = files.map(({ name }, index) => {
    return `import file${index} from ${JSON.stringify(join(folder, name))} with { type: "file" };`;
  });
  const entries = files.map(({ name }, index) => `[${JSON.stringify(name)}, file${index}]`);
  await Promise.all(files.map(({ name, bytes }) => Bun.write(join(folder, name), bytes)));
  return {
    name: "embed-dashboard",
    setup(builder) {
      builder.onLoad({ filter: /[\\/]src[\\/]api[\\/]dashboard-files\.ts$/ }, () => ({
        loader: "ts",
        contents: `${imports.join("\n")}
export async function readDashboardFiles() {
  return await Promise.all(
    [${entries.join(", ")}].map(async ([name, location]) => {
      return { name, bytes: new Uint8Array(await Bun.file(location).arrayBuffer()) };
    }),
  );
}`,
      }));
    },
  };
}

/** Notes which native addons the bundler takes in, after it dropped the other platforms' code. */
function recordAddons(addons: Set<string>): Bun.BunPlugin {
  return {
    name: "record-addons",
    setup(builder) {
      builder.onResolve({ filter: /\.node$/ }, ({ path }) => {
        addons.add(path);
        return undefined;
      });
    },
  };
}

/** A binary must hold its own platform's addon, where there is one, and no other one's. */
function checkAddons(platform: Platform, addons: readonly string[]): void {
  const { addon } = PLATFORMS[platform];
  const wrong = addons.filter((path) => addon === undefined || !path.includes(`/${addon}/`));
  if (wrong.length > 0) throw new Error(`${platform} would embed ${wrong.join(", ")}`);
  if (addon !== undefined && addons.length === 0) {
    throw new Error(`${platform} lost its native addon; see src/platform/native-secp256k1.ts`);
  }
}

/** Runs the binary where no source and no node_modules are near: it must stand on its own. */
async function smoke(outfile: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-build-"));
  try {
    const child = Bun.spawn([outfile, "--version"], {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: SMOKE_TIMEOUT_MS,
    });
    const [output, errors, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (exitCode !== 0 || !output.includes(await readVersion())) {
      throw new Error(`--version exited with ${exitCode}: ${output}${errors}`);
    }
    console.log(`${relative(ROOT, outfile)} --version  ${output.trim()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function executableName(name: string, platform: Platform): string {
  return platform.startsWith("windows") ? `${name}.exe` : name;
}

function thisPlatform(): Platform {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const platform = `${system}-${process.arch}`;
  if (!(platform in PLATFORMS)) throw new Error(`no build for ${platform}`);
  return platform as Platform;
}

async function main(options: readonly string[]): Promise<void> {
  const unknown = options.filter((option) => option !== "--all");
  if (unknown.length > 0) throw new Error(`unknown option ${unknown[0]}; there is --all`);

  const folder = mkdtempSync(join(tmpdir(), "cairn-dashboard-"));
  try {
    await buildAll(options.includes("--all"), await embedDashboard(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildAll(isAll: boolean, dashboard: Bun.BunPlugin): Promise<void> {
  const own = thisPlatform();
  if (!isAll) {
    const outfile = join(ROOT, "dist", executableName("cairn", own));
    await build(own, outfile, dashboard);
    await smoke(outfile);
    return;
  }
  for (const platform of Object.keys(PLATFORMS) as Platform[]) {
    const outfile = join(ROOT, "dist", executableName(`cairn-${platform}`, platform));
    await build(platform, outfile, dashboard);
    if (platform === own) await smoke(outfile);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const causes = error instanceof AggregateError ? error.errors : [error];
  for (const cause of causes) console.error(`build: ${Bun.inspect(cause)}`);
  process.exit(1);
}
