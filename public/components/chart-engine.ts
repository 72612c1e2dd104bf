/**
 * Draws series over time on a canvas: the door to Chart.js, of which only what is used is taken in.
 *
 * Loaded when the first chart is shown, by chart.ts; knows canvases and colours, not the page.
 */

import {
  BarController,
  BarElement,
  Chart,
  type ChartConfiguration,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";

/** One point; `x` in seconds since 1970. */
export interface Point {
  readonly x: number;
  readonly y: number | null;
}

/** What is drawn. */
export interface ChartSpec {
  readonly kind: "line" | "bar";
  /** What the figure is, for the tooltip. */
  readonly label: string;
  readonly points: readonly Point[];
  /** Says a value with its unit. */
  readonly format: (value: number) => string;
  /** The ends of the time axis, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** What the value axis reaches at least, so that a quiet figure looks quiet. */
  readonly leastTop?: number;
  /** True if its values are bytes, whose round numbers are powers of two. */
  readonly isBinary?: boolean;
  /** Drawn as a dashed line across: a target. */
  readonly target?: number | undefined;
  /** True if a value holds until the next point. */
  readonly isStepped?: boolean;
  /** Indexes of points that are dots. */
  readonly marks?: ReadonlySet<number>;
}

/** A chart on a canvas. */
export interface DrawnChart {
  /** Shows other points, in the colours that the page has now. */
  update(spec: ChartSpec): void;
  destroy(): void;
}

Chart.register(
  BarController,
  BarElement,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

const DAY_SECONDS = 86_400;
const TEN_MINUTES_SECONDS = 600;

/** Draws `spec` on `canvas`, which follows the size of the element around it. */
export function drawChart(canvas: HTMLCanvasElement, spec: ChartSpec): DrawnChart {
  const chart = new Chart(canvas, configure(spec));
  return {
    update: (next) => {
      const { data, options } = configure(next);
      chart.data = data;
      if (options !== undefined) chart.options = options;
      chart.update("none");
    },
    destroy: () => chart.destroy(),
  };
}

function configure({
  kind,
  label,
  points,
  format,
  from,
  to,
  leastTop = 0,
  isBinary = false,
  target,
  isStepped = false,
  marks = new Set(),
}: ChartSpec) {
  const accent = colour("--color-accent");
  const muted = colour("--color-muted");
  const line = colour("--color-line");
  const font = { family: getComputedStyle(document.body).fontFamily, size: 11 };
  const span = to - from;
  const most = Math.max(leastTop, ...points.map(({ y }) => y ?? 0));
  const step = 2 ** Math.ceil(Math.log2(Math.max(4, most) / 4));
  const targetPoints = [from, to].map((x) => ({ x, y: target ?? null }));
  return {
    type: kind,
    data: {
      datasets: [
        {
          label,
          data: [...points],
          borderColor: accent,
          backgroundColor: kind === "bar" ? accent : `${accent}22`,
          borderWidth: kind === "bar" ? 0 : 1.5,
          fill: kind === "line",
          pointRadius: points.map((_, index) => (points.length === 1 || marks.has(index) ? 3 : 0)),
          pointHitRadius: 12,
          pointBackgroundColor: accent,
          tension: isStepped ? 0 : 0.2,
          stepped: isStepped,
          clip: 8,
          barThickness: 2,
        },
        ...(target === undefined
          ? []
          : [
              {
                type: "line" as const,
                label: "Target",
                data: targetPoints,
                borderColor: muted,
                borderWidth: 1,
                borderDash: [4, 4],
                pointRadius: 0,
                pointHitRadius: 0,
              },
            ]),
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      parsing: false,
      normalized: true,
      scales: {
        x: {
          type: "linear",
          min: from,
          max: to,
          grid: { display: false },
          border: { color: line },
          ticks: {
            color: muted,
            font,
            maxRotation: 0,
            maxTicksLimit: 5,
            callback: (value) => formatTick(Number(value), span),
          },
        },
        y: {
          beginAtZero: true,
          suggestedMax: leastTop,
          ...(isBinary ? { max: 4 * step } : {}),
          grid: { color: line },
          border: { display: false },
          ticks: {
            color: muted,
            font,
            maxTicksLimit: 5,
            ...(isBinary ? { stepSize: step } : {}),
            callback: (value) => format(Number(value)),
          },
        },
      },
      plugins: {
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (items) => formatMoment(items[0]?.parsed.x ?? from),
            label: (item) => format(item.parsed.y ?? 0),
          },
        },
      },
    },
  } satisfies ChartConfiguration<"line" | "bar", Point[]>;
}

/** The reader's own time of day, as exact as the span needs. */
function formatTick(seconds: number, span: number): string {
  const [date, time] = formatMoment(seconds).split(" ") as [string, string];
  if (span > DAY_SECONDS) return date;
  return span > TEN_MINUTES_SECONDS ? time.slice(0, 5) : time;
}

function formatMoment(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function colour(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
