/**
 * The network as a picture: nodes around an ellipse, the links between them, who found the newest
 * block and who has it; and the same links as a list, for those who cannot see or point at it.
 *
 * Where each node stands is decided in network-layout.ts. Names are what others call themselves, and
 * only ever text.
 */

import type { Static } from "@sinclair/typebox";
import type { BlockSummaryView } from "../../src/api/chain-schemas.ts";
import type { KnownNodeView, Network } from "../../src/api/peer-schemas.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { html, useLayoutEffect, useMemo, useRef, useState } from "../html.ts";
import { countLinksFrom, layOutNetwork, type Place } from "../network-layout.ts";
import { nameNode } from "./name-node.ts";

type NetworkAnswer = Static<typeof Network>;

/** Nodes drawn; of more, the names would be too small to read. */
const MAX_DRAWN = 60;

/** Links listed in words. */
const MAX_LISTED = 300;

/** Below this width, names have less room. */
const NARROW = 480;

/** Pixels of a character of a name: of digits, which are wider than most letters. */
const CHARACTER_WIDTH = 8.4;

interface DrawnNode {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly hasNewest: boolean;
  readonly isFinder: boolean;
}

interface NetworkPictureProps {
  readonly network: NetworkAnswer;
  /** Undefined before it is known. */
  readonly newest: BlockSummaryView | undefined;
}

/** The picture, its key, and the list of links. */
export function NetworkPicture({ network, newest }: NetworkPictureProps) {
  const [room, width] = useWidth();
  const [pointed, point] = useState<string | undefined>(undefined);
  const ids = useMemo(() => chooseDrawn(network), [network]);
  const known = new Map(network.nodes.map((node) => [node.nodeId, node]));
  const finder = newest === undefined ? undefined : findFinder(network.nodes, newest);
  const tip = newest?.hash;
  const nodes = new Map(
    ids.map((id): [string, DrawnNode] => {
      const node = known.get(id);
      return [
        id,
        {
          id,
          name: nameNode(node ?? { nodeId: id, name: "" }),
          isSelf: node?.self === true,
          hasNewest: tip !== undefined && node?.tip === tip,
          isFinder: finder === id,
        },
      ];
    }),
  );
  const labelWidth = width < NARROW ? 112 : 180;
  const { height, places } = layOutNetwork(ids, { width, labelWidth });
  const placeOf = new Map(places.map((place) => [place.id, place]));
  const edges = network.edges.filter(({ from, to }) => placeOf.has(from) && placeOf.has(to));
  const characters = Math.floor((labelWidth - 20) / CHARACTER_WIDTH);
  const missing = countAll(network) - ids.length;
  return html`<div>
    <div ref=${room} class="min-h-65">
      ${
        width === 0
          ? null
          : html`<svg
              role="img"
              aria-label=${`${formatNumbered(ids.length, "node")} and ${formatNumbered(edges.length, "link")}`}
              width=${width}
              height=${height}
              class="block"
              data-nodes=${ids.length}
              data-links=${edges.length}
            >
              ${edges.map(({ from, to, proven }) => {
                const [start, end] = [placeOf.get(from), placeOf.get(to)];
                const isFaded = pointed !== undefined && pointed !== from && pointed !== to;
                return html`<line
                  key=${`${from}-${to}`}
                  x1=${start?.x}
                  y1=${start?.y}
                  x2=${end?.x}
                  y2=${end?.y}
                  stroke=${proven ? "var(--color-accent)" : "var(--color-muted)"}
                  stroke-width=${proven ? 1.75 : 1}
                  stroke-dasharray=${proven ? undefined : "4 4"}
                  opacity=${isFaded ? 0.1 : edges.length > 200 && !proven ? 0.3 : 0.8}
                />`;
              })}
              ${places.map((place) => {
                const node = nodes.get(place.id);
                return node === undefined
                  ? null
                  : html`<${NodeMark} key=${place.id} node=${node} place=${place} characters=${characters} onPoint=${point} />`;
              })}
            </svg>`
      }
    </div>
    <${Key} />
    ${missing > 0 ? html`<p class="mt-2 text-[0.8125rem] text-muted">${formatNumbered(missing, "more node")} not drawn.</p>` : null}
    ${network.complete ? null : html`<p class="mt-2 text-[0.8125rem] text-muted">There are more links than the node tells.</p>`}
    <${LinkList} network=${network} />
  </div>`;
}

interface NodeMarkProps {
  readonly node: DrawnNode;
  readonly place: Place;
  readonly characters: number;
  readonly onPoint: (id: string | undefined) => void;
}

function NodeMark({ node, place: { x, y, side }, characters, onPoint }: NodeMarkProps) {
  const { id, name, isSelf, hasNewest, isFinder } = node;
  const colour = isSelf ? "var(--color-accent)" : "var(--color-text)";
  const shown = name.length > characters ? `${name.slice(0, characters - 1)}…` : name;
  const offset = isFinder ? 20 : 15;
  const label = {
    left: { x: x - offset, y: y + 4.5, anchor: "end" },
    right: { x: x + offset, y: y + 4.5, anchor: "start" },
    below: { x, y: y + offset + 11, anchor: "middle" },
  }[side];
  return html`<g onPointerEnter=${() => onPoint(id)} onPointerLeave=${() => onPoint(undefined)}>
    <title>${isSelf ? `${name}: this node` : name}</title>
    ${isFinder ? html`<circle cx=${x} cy=${y} r="13" fill="none" stroke="var(--color-good)" stroke-width="2.5" />` : null}
    <circle
      cx=${x}
      cy=${y}
      r=${isSelf ? 8.5 : 6.5}
      fill=${hasNewest ? colour : "var(--color-surface)"}
      stroke=${colour}
      stroke-width="2"
    />
    <text
      x=${label.x}
      y=${label.y}
      text-anchor=${label.anchor}
      font-size="13"
      font-weight=${isSelf ? 600 : 400}
      fill="var(--color-text)"
      stroke="var(--color-surface)"
      stroke-width="3"
      paint-order="stroke"
    >
      ${shown}
    </text>
  </g>`;
}

const KEY: readonly { text: string; colour: string; isFull: boolean; hasRing?: boolean }[] = [
  { text: "this node", colour: "var(--color-accent)", isFull: true },
  { text: "has the newest block", colour: "var(--color-text)", isFull: true },
  { text: "not yet, or has not said", colour: "var(--color-text)", isFull: false },
  {
    text: "says that it found it",
    colour: "var(--color-text)",
    isFull: true,
    hasRing: true,
  },
];

function Key() {
  return html`<ul aria-label="Signs" class="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-[0.8125rem] text-muted">
    ${KEY.map(
      ({ text, colour, isFull, hasRing }) => html`<li class="flex items-center gap-1.5">
        <svg aria-hidden="true" width="18" height="18">
          ${hasRing ? html`<circle cx="9" cy="9" r="8" fill="none" stroke="var(--color-good)" stroke-width="2" />` : null}
          <circle cx="9" cy="9" r="4.5" fill=${isFull ? colour : "none"} stroke=${colour} stroke-width="1.75" />
        </svg>
        ${text}
      </li>`,
    )}
    <li class="flex items-center gap-1.5"><${Stroke} colour="var(--color-accent)" />a link of this node</li>
    <li class="flex items-center gap-1.5"><${Stroke} colour="var(--color-muted)" dashes="4 4" />one that another tells of</li>
  </ul>`;
}

function Stroke({ colour, dashes }: { colour: string; dashes?: string }) {
  return html`<svg aria-hidden="true" width="22" height="18">
    <line x1="0" y1="9" x2="22" y2="9" stroke=${colour} stroke-width="1.75" stroke-dasharray=${dashes} />
  </svg>`;
}

function LinkList({ network: { nodes, edges } }: { network: NetworkAnswer }) {
  if (edges.length === 0) return null;
  const known = new Map(nodes.map((node) => [node.nodeId, node]));
  const name = (id: string) => nameNode(known.get(id) ?? { nodeId: id, name: "" });
  return html`<details class="mt-3 text-[0.8125rem]">
    <summary class="cursor-pointer text-muted">${formatNumbered(edges.length, "link")} as a list</summary>
    <ul class="mt-2 max-h-60 overflow-y-auto" tabindex="0" aria-label="Links">
      ${edges
        .slice(0, MAX_LISTED)
        .map(
          ({ from, to, proven }) =>
            html`<li key=${`${from}-${to}`} class="break-words">${name(from)} and ${name(to)}${proven ? "" : ", by their own word"}</li>`,
        )}
      ${edges.length > MAX_LISTED ? html`<li>and ${formatCount(edges.length - MAX_LISTED)} more</li>` : null}
    </ul>
  </details>`;
}

/** This node first, then those nearest to it, each distance in the order of ids. */
function chooseDrawn({ nodes, edges }: NetworkAnswer): readonly string[] {
  const self = nodes.find((node) => node.self)?.nodeId;
  if (self === undefined) return [];
  const distances = countLinksFrom(self, edges);
  const rank = (id: string) => distances.get(id) ?? Number.MAX_SAFE_INTEGER;
  const ids = new Set([...nodes.map(({ nodeId }) => nodeId), ...distances.keys()]);
  return [...ids].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).slice(0, MAX_DRAWN);
}

function countAll({ nodes, edges }: NetworkAnswer): number {
  const ids = new Set(nodes.map(({ nodeId }) => nodeId));
  for (const { from, to } of edges) ids.add(from).add(to);
  return ids.size;
}

/** Who found a block is known of this node alone; of others there is only the name in the block. */
function findFinder(
  nodes: readonly KnownNodeView[],
  { height, miner, propagation }: BlockSummaryView,
): string | undefined {
  // Nobody found the genesis block.
  if (height === 0) return undefined;
  if (propagation?.hops === 0) return nodes.find(({ self }) => self)?.nodeId;
  const named = nodes.filter(({ name, self }) => !self && name !== "" && name === miner.tag);
  return named.length === 1 ? named[0]?.nodeId : undefined;
}

/** Follows the width of an element; known before anything is painted. */
function useWidth() {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return;
    const measure = () => setWidth(current.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}
