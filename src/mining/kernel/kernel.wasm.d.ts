/**
 * What importing kernel.wasm `with { type: "file" }` gives: not the module, but a path to read.
 *
 * Known to the type checker alone; Bun makes the path, and embeds the file in the binary.
 */
declare const path: string;
// biome-ignore lint/style/noDefaultExport: Bun gives files as default exports.
export default path;
