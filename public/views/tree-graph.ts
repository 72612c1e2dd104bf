/**
 * The tree of blocks drawn: lines and marks on the left, one block a row beside them, each a link.
 *
 * Where everything stands is worked out in tree-layout.ts; only the rows in sight are in the page.
 */

import type { TreeBlockView } from "../../src/api/chain-schemas.ts";
import { Age } from "../components/age.ts";
import { Badge } from "../components/badge.ts";
import { formatCount, formatNumbered, shorten } from "../format.ts";
import { html, type Ref, useEffect, useMemo, useState, type View } from "../html.ts";
import { type Edge, layoutTree, type TreeLayout } from "../tree-layout.ts";
import { useSteadyRows, useVisibleRows, type VisibleRows } from "../visible-rows.ts";
import { BLOCK_STATUSES, describeReason, nameTreeMiner } from "./block-status.ts";

/** Where there is no room for columns, each block has two lines. */
const NARROW = "(max-width: 40rem)";

/** Heights of a row, in rem. */
const NARROW_ROW = 3.5;
const WIDE_ROW = 2.5;

/** Pixels between two lanes, and before the first. */
const LANE_WIDTH = 18;
const LANE_MARGIN = 18;

/** Pixels from the middle of a mark to its edge. */
const MARK_RADIUS = 5;

const COLUMNS = "sm:grid-cols-[4.5rem_minmax(0,10rem)_minmax(0,1fr)_6.5rem_6rem]";

interface TreeGraphProps {
  readonly blocks: readonly TreeBlockView[];
  /** Where the list is. */
  readonly list: Ref<HTMLOListElement>;
}

/** The drawn tree. */
export function TreeGraph({ blocks, list }: TreeGraphProps) {
  const rowHeight = useRowHeight();
  const layout = useMemo(() => layoutTree(blocks), [blocks]);
  const keys = useMemo(() => blocks.map(({ hash }) => hash), [blocks]);
  const { first, end } = useVisibleRows(list, { count: blocks.length, rowHeight });
  useSteadyRows(list, keys, rowHeight);
  const width = LANE_MARGIN * 2 + (layout.laneCount - 1) * LANE_WIDTH;
  // What was drawn once is taken as it is while the page is scrolled.
  const drawn = useMemo(() => new Map<number, View>(), [blocks, rowHeight, width]);
  const drawRow = (block: TreeBlockView, row: number) => {
    const known = drawn.get(row);
    if (known !== undefined) return known;
    const view = html`<li
      key=${block.hash}
      aria-setsize=${blocks.length}
      aria-posinset=${row + 1}
      class="absolute inset-x-0 top-0"
      style=${{ height: `${rowHeight}px`, transform: `translateY(${row * rowHeight}px)` }}
    >
      <${Row} block=${block} indent=${width} />
    </li>`;
    drawn.set(row, view);
    return view;
  };
  return html`<div>
    <div
      aria-hidden="true"
      class=${`hidden gap-x-4 border-b border-line py-2 pr-4 text-[0.8125rem] text-muted sm:grid ${COLUMNS}`}
      style=${{ paddingLeft: `${width}px` }}
    >
      <span>Height</span><span>Hash</span><span>Mined by</span><span>State</span>
      <span class="text-right">Arrived</span>
    </div>
    <ol
      ref=${list}
      role="list"
      aria-label="Blocks, highest first"
      class="relative [overflow-anchor:none]"
      style=${{ height: `${blocks.length * rowHeight}px` }}
    >
      <${Lines} blocks=${blocks} layout=${layout} slice=${{ first, end }} rowHeight=${rowHeight} width=${width} />
      ${blocks.slice(first, end).map((block, index) => drawRow(block, first + index))}
    </ol>
  </div>`;
}

function Row({ block, indent }: { block: TreeBlockView; indent: number }) {
  const { status, hash, height, receivedAt, transactionCount } = block;
  const { tone, text } = BLOCK_STATUSES[status];
  const isActive = status === "active";
  return html`<a
    href=${`/block/${hash}`}
    data-status=${status}
    title=${describeReason(block) ?? formatNumbered(transactionCount, "transaction")}
    class=${`grid h-full grid-cols-[auto_1fr_auto] content-center items-center gap-x-3 pr-4 -outline-offset-2! hover:bg-raised/60 sm:gap-x-4 ${COLUMNS}`}
    style=${{ paddingLeft: `${indent}px` }}
  >
    <span class=${`font-medium ${isActive ? "text-accent" : ""}`}>${formatCount(height)}</span>
    <span class="order-2 col-span-2 truncate font-mono text-[0.8125rem] text-muted sm:order-none sm:col-span-1">${shorten(hash)}</span>
    <span class="min-w-0 truncate">${nameTreeMiner(block)}</span>
    <span>${isActive ? html`<span class="sr-only">${text}</span>` : html`<${Badge} tone=${tone}>${text}</${Badge}>`}</span>
    <span class="order-3 text-right text-[0.8125rem] text-muted sm:order-none"><${Age} timeMs=${receivedAt} /></span>
  </a>`;
}

interface LinesProps {
  readonly blocks: readonly TreeBlockView[];
  readonly layout: TreeLayout;
  readonly slice: VisibleRows;
  readonly rowHeight: number;
  readonly width: number;
}

function Lines({ blocks, layout, slice: { first, end }, rowHeight, width }: LinesProps) {
  const [top, height] = [first * rowHeight, (end - first) * rowHeight];
  const inSight = layout.edges.filter(({ row, toRow }) => row < end && toRow >= first);
  // The active chain lies over what leaves it.
  const ordered = inSight.sort((a, b) => b.lane - a.lane);
  return html`<svg
    aria-hidden="true"
    class="pointer-events-none absolute left-0 z-1"
    style=${{ top: `${top}px` }}
    width=${width}
    height=${height}
    viewBox=${`0 ${top} ${width} ${height}`}
    fill="none"
    stroke-width="2"
  >
    ${ordered.map((edge) => {
      const status = blocks[edge.row]?.status ?? "active";
      return html`<path key=${`-${blocks[edge.row]?.hash}`} d=${pathOf(edge, rowHeight)} stroke=${BLOCK_STATUSES[status].colour} />`;
    })}
    ${blocks.slice(first, end).map((block, index) => {
      const row = first + index;
      return html`<${Mark} key=${block.hash} block=${block} x=${laneX(layout.lanes[row] ?? 0)} y=${rowY(row, rowHeight)} />`;
    })}
  </svg>`;
}

/** Full on the active chain, hollow off it, a cross for what breaks a rule. */
function Mark({ block: { status }, x, y }: { block: TreeBlockView; x: number; y: number }) {
  const { colour } = BLOCK_STATUSES[status];
  if (status === "invalid") {
    const r = MARK_RADIUS - 1;
    return html`<g>
      <circle cx=${x} cy=${y} r=${MARK_RADIUS + 2} fill="var(--color-surface)" />
      <path d=${`M${x - r} ${y - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`} stroke=${colour} stroke-width="2.5" />
    </g>`;
  }
  const fill = status === "active" ? colour : "var(--color-surface)";
  return html`<circle cx=${x} cy=${y} r=${MARK_RADIUS} fill=${fill} stroke=${colour} />`;
}

/** Straight down its lane, and into the parent's on the last row's height. */
function pathOf({ row, lane, toRow, toLane }: Edge, rowHeight: number): string {
  const [x, y] = [laneX(lane), rowY(row, rowHeight)];
  const [toX, toY] = [laneX(toLane), rowY(toRow, rowHeight)];
  if (lane === toLane) return `M${x} ${y}V${toY}`;
  const bendY = toY - rowHeight;
  return `M${x} ${y}V${bendY}C${x} ${toY - rowHeight / 4} ${toX} ${toY - rowHeight / 2} ${toX} ${toY}`;
}

function laneX(lane: number): number {
  return LANE_MARGIN + lane * LANE_WIDTH;
}

function rowY(row: number, rowHeight: number): number {
  return (row + 0.5) * rowHeight;
}

/** Pixels, whatever size of text the reader has chosen. */
function useRowHeight(): number {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const listener = () => setNarrow(query.matches);
    query.addEventListener("change", listener);
    return () => query.removeEventListener("change", listener);
  }, []);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.round(rem * (isNarrow ? NARROW_ROW : WIDE_ROW));
}
