/**
 * Types of files that are imported for their place in the binary, not for what is in them.
 *
 * Each import needs `with { type: "file" }`; what it gives is a path for Bun.file.
 */

declare module "swagger-ui-dist/*" {
  const location: string;
  // biome-ignore lint/style/noDefaultExport: an imported file has no other.
  export default location;
}

declare module "*/public/swagger.js" {
  const location: string;
  // biome-ignore lint/style/noDefaultExport: an imported file has no other.
  export default location;
}

declare module "*/public/icon.svg" {
  const location: string;
  // biome-ignore lint/style/noDefaultExport: an imported file has no other.
  export default location;
}
