/**
 * Hands a text to the browser as a file to keep.
 *
 * Nothing is asked of the node for it.
 */

/** Saves `text` under `name`, where the reader's browser saves files. */
export function saveText(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
