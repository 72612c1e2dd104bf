/**
 * What a node is called on a page: the name that its owner chose, or the beginning of its id.
 *
 * Anyone may choose any name: it is text, and proves nothing.
 */

import { shorten } from "../format.ts";

/** Characters of an id at each end. */
const ID_ENDS = 4;

/** Returns the name of a node, or its id shortened where it has none. */
export function nameNode({ nodeId, name }: { nodeId: string | null; name: string }): string {
  if (name.trim() !== "") return name;
  return nodeId === null ? "without a name" : shorten(nodeId, ID_ENDS);
}
