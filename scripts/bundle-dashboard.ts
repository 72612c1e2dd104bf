/**
 * Makes the files that the dashboard's page loads out of public/: scripts, styles, and what is loaded
 * only when it is shown.
 *
 * Knows the three entries and nothing of what they do. Run by the node itself when it runs from
 * source, and by build.ts for the binary, which has neither this file nor the libraries.
 */

import { basename, join } from "node:path";
import tailwind from "bun-plugin-tailwind";

/** One file, by the name under which the page asks for it. */
export interface BundledFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const PUBLIC = join(import.meta.dir, "../public");

/** Where the node serves these files; scripts that are loaded later are asked for there. */
const PUBLIC_PATH = "/assets/";

/** Returns the dashboard's files; throws an AggregateError with what is wrong in the sources. */
export async function bundleDashboard(): Promise<BundledFile[]> {
  const shared = {
    minify: true,
    target: "browser",
    publicPath: PUBLIC_PATH,
    define: { "process.env.NODE_ENV": '"production"' },
  } as const;
  const built = await Promise.all([
    Bun.build({
      ...shared,
      entrypoints: [join(PUBLIC, "app.ts"), join(PUBLIC, "dashboard.css")],
      splitting: true,
      naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name].[ext]" },
      plugins: [tailwind],
    }),
    // Apart from the others and not a module: it runs before the page is drawn.
    Bun.build({ ...shared, entrypoints: [join(PUBLIC, "theme.ts")], format: "iife" }),
  ]);
  const outputs = built.flatMap((result) => result.outputs);
  return await Promise.all(
    outputs.map(async (output) => ({
      name: basename(output.path),
      bytes: new Uint8Array(await output.arrayBuffer()),
    })),
  );
}
