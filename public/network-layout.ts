/**
 * Where each node stands in the picture of the network, and how many links away it is.
 *
 * Pure: the same nodes in the same order always stand in the same places, however often they are
 * asked for. Knows ids and links; names and colours belong to whoever draws.
 */

/** Two nodes that are connected. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** Room for the picture, in pixels. */
export interface Room {
  readonly width: number;
  /** Left and right of the nodes, for their names. */
  readonly labelWidth: number;
}

/** A node's place in the picture. */
export interface Place {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  /** Where its name stands, so that no other node or name is there. */
  readonly side: "left" | "right" | "below";
}

/** A picture that can be drawn. */
export interface Picture {
  readonly height: number;
  readonly places: readonly Place[];
}

/** Pixels from one name to the next below it. */
const ROW_HEIGHT = 20;

/** Pixels above and below the nodes: half a node, and a name below. */
const MARGIN = 32;

/** Pixels of the lowest picture. */
const MIN_HEIGHT = 260;

/** A flatter picture would be all links on top of each other. */
const MAX_FLATNESS = 1.9;

/**
 * Returns the places of `ids` around an ellipse, from the top of its left side on down, and
 * up again on its right.
 *
 * On an ellipse no link passes through a third node; and as the nodes of each side are evenly spaced
 * by height, not by angle, each name has a row of its own. The picture grows with its rows.
 */
export function layOutNetwork(ids: readonly string[], { width, labelWidth }: Room): Picture {
  const count = ids.length;
  const radiusY = Math.max((MIN_HEIGHT - 2 * MARGIN) / 2, (count * ROW_HEIGHT) / 4);
  const radiusX = Math.max(0, Math.min(width / 2 - labelWidth, radiusY * MAX_FLATNESS));
  const height = 2 * (radiusY + MARGIN);
  // Of an odd number one stands at the very bottom, and none on top of it all.
  const middle = count % 2 === 0 ? 0 : 1 / count;
  const places = ids.map((id, index): Place => {
    const share = (index + 0.5) / count;
    const isRight = share > 0.5;
    const down = isRight ? 3 - 4 * share : 4 * share - 1;
    const out = Math.sqrt(Math.max(0, 1 - down * down));
    const side = share === 0.5 ? "below" : isRight ? "right" : "left";
    return {
      id,
      x: width / 2 + (isRight ? out : -out) * radiusX,
      y: height / 2 + (down - middle) * radiusY,
      side,
    };
  });
  return { height, places };
}

/**
 * Returns how many links each node is away from `start`, nearest first. Nodes to which no links lead
 * are not in it; nodes that only links name are.
 */
export function countLinksFrom(start: string, links: readonly Link[]): ReadonlyMap<string, number> {
  const neighbours = new Map<string, string[]>();
  const add = (from: string, to: string) => {
    const known = neighbours.get(from);
    if (known === undefined) neighbours.set(from, [to]);
    else known.push(to);
  };
  for (const { from, to } of links) {
    add(from, to);
    add(to, from);
  }
  const distances = new Map([[start, 0]]);
  // What is found is appended, and so visited after all that is nearer.
  for (const [id, distance] of distances) {
    for (const next of neighbours.get(id) ?? []) {
      if (!distances.has(next)) distances.set(next, distance + 1);
    }
  }
  return distances;
}
