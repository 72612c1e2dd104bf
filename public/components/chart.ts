/**
 * A chart in the page: keeps its room before it is drawn, follows the colours of the page, and says
 * in words what it shows.
 *
 * The library comes with chart-engine.ts, loaded when the first chart is shown.
 */

import { html, useEffect, useRef, useState } from "../html.ts";
import type { ChartSpec, DrawnChart } from "./chart-engine.ts";

/** A chart of `spec`, as wide as there is room. */
export function Chart({ spec }: { spec: ChartSpec }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<DrawnChart | undefined>(undefined);
  const newest = useRef(spec);
  const [isMissing, setMissing] = useState(false);
  newest.current = spec;

  useEffect(() => {
    let isGone = false;
    const draw = async () => {
      const { drawChart } = await import("./chart-engine.ts");
      if (isGone || canvas.current === null) return;
      chart.current = drawChart(canvas.current, newest.current);
    };
    draw().catch(() => setMissing(true));
    const stopFollowing = followColours(() => chart.current?.update(newest.current));
    return () => {
      isGone = true;
      stopFollowing();
      chart.current?.destroy();
    };
  }, []);
  useEffect(() => chart.current?.update(spec), [spec]);

  return html`<div class="relative h-40">
    <canvas ref=${canvas} role="img" aria-label=${describe(spec)}></canvas>
    ${isMissing ? html`<${Missing} />` : null}
  </div>`;
}

function Missing() {
  return html`<p class="absolute inset-0 flex items-center justify-center rounded-lg bg-raised text-[0.8125rem] text-muted">
    The chart could not be loaded; reload the page.
  </p>`;
}

function describe({ label, points, format }: ChartSpec): string {
  const values = points.flatMap(({ y }) => (y === null ? [] : [y]));
  const last = values.at(-1);
  if (last === undefined) return `${label}: nothing yet`;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${label}: now ${format(last)}, from ${format(least)} to ${format(most)}`;
}

/** Calls `act` when the system or the reader changes the colours; what it returns ends that. */
function followColours(act: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(act);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", act);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", act);
  };
}
