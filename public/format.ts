/**
 * Figures as people read them: coins, rates, sizes, times.
 *
 * Pure, and the same everywhere: one grouping, one decimal point, whatever the browser's language,
 * so that a figure can be copied from one screen and found on another.
 */

/** What stands where there is no figure. */
export const NOTHING = "–";

const GROUP_SEPARATOR = ",";

const SATS_PER_COIN = 100_000_000;
const COIN_DIGITS = 8;

const DECIMAL_PREFIXES = ["", "k", "M", "G", "T", "P", "E"];
const BINARY_PREFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Below this, a difficulty is told by its power of ten. */
const SMALL_DIFFICULTY = 0.001;

/** Returns a whole number in groups of three digits. */
export function formatCount(count: number): string {
  const digits = String(Math.abs(Math.trunc(count)));
  const grouped = digits.replace(/\B(?=(?:\d{3})+$)/g, GROUP_SEPARATOR);
  return count <= -1 ? `-${grouped}` : grouped;
}

/** Returns a whole number and its noun: "1 block", "2 blocks". */
export function formatNumbered(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns `sats` in coins, exact, without zeros at the end: 150000000 is "1.5". */
export function formatCoins(sats: number): string {
  const size = Math.abs(sats);
  const whole = formatCount(Math.floor(size / SATS_PER_COIN));
  const rest = String(size % SATS_PER_COIN)
    .padStart(COIN_DIGITS, "0")
    .replace(/0+$/, "");
  return `${sats < 0 ? "-" : ""}${whole}${rest === "" ? "" : `.${rest}`}`;
}

/** Returns `sats` with their unit. */
export function formatSats(sats: number): string {
  return formatNumbered(sats, "sat");
}

/** Returns hashes a second with a fitting unit. */
export function formatHashrate(hashesPerSecond: number): string {
  return `${scale(hashesPerSecond, 1000, DECIMAL_PREFIXES)}H/s`;
}

/** Returns bytes with a fitting unit. */
export function formatBytes(bytes: number): string {
  return `${scale(bytes, 1024, BINARY_PREFIXES)}B`;
}

/** Returns sats per virtual byte. */
export function formatFeerate(feerate: number): string {
  return `${formatDecimal(feerate)} sat/vB`;
}

/** Returns a difficulty with three digits that count, and a power of ten or a unit where it helps. */
export function formatDifficulty(difficulty: number): string {
  if (difficulty >= 1) return scale(difficulty, 1000, DECIMAL_PREFIXES).trimEnd();
  if (difficulty >= SMALL_DIFFICULTY) return String(Number(difficulty.toPrecision(3)));
  const [digits = "0", power] = difficulty.toExponential(2).split("e-");
  return power === undefined ? "0" : `${Number(digits)}e−${power}`;
}

/** Returns a number with as many decimals as it is small, and none that are zero. */
export function formatDecimal(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return formatCount(Math.round(value));
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = value.toFixed(decimals);
  return decimals === 0 ? text : text.replace(/\.?0+$/, "");
}

/** Returns a share of 1 in percent. */
export function formatPercent(share: number): string {
  return `${formatDecimal(share * 100)} %`;
}

/** Returns a span in its largest unit that fits, whole: 90 s is "1 min". */
export function formatDuration(seconds: number): string {
  const span = Math.max(0, Math.floor(seconds));
  if (span < MINUTE) return `${span} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < 2 * DAY) return `${Math.floor(span / HOUR)} h`;
  return `${formatCount(Math.floor(span / DAY))} days`;
}

/** Returns how long ago `timeMs` was at `nowMs`; a clock that runs ahead is now. */
export function formatAge(timeMs: number, nowMs: number): string {
  const seconds = (nowMs - timeMs) / 1000;
  return seconds < 1 ? "now" : `${formatDuration(seconds)} ago`;
}

/** Returns a moment to the second, in UTC. */
export function formatTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Returns the first and last characters of a long `text`, and what is short as it is. */
export function shorten(text: string, ends = 8): string {
  return text.length <= 2 * ends + 1 ? text : `${text.slice(0, ends)}…${text.slice(-ends)}`;
}

/** Returns how many zeros stand at the start of a hash. */
export function countLeadingZeros(hash: string): number {
  return hash.length - hash.replace(/^0+/, "").length;
}

function scale(value: number, base: number, prefixes: readonly string[]): string {
  let rest = value;
  let power = 0;
  // What rounds up to the base belongs to the next unit.
  while (Math.abs(rest) >= base - 0.5 && power < prefixes.length - 1) {
    rest /= base;
    power += 1;
  }
  return `${formatDecimal(rest)} ${prefixes[power]}`;
}
