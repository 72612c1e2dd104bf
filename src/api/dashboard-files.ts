/**
 * The dashboard's scripts and styles, wherever the node runs: from source they are bundled when they
 * are first asked for; scripts/build.ts puts another file in the place of this one, which reads what
 * was bundled then out of the binary.
 */

/** One file, by the name under which the page asks for it. */
export interface DashboardFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Returns the files; takes a moment, and is asked once. */
export async function readDashboardFiles(): Promise<readonly DashboardFile[]> {
  const { bundleDashboard } = await import("../../scripts/bundle-dashboard.ts");
  return await bundleDashboard();
}
