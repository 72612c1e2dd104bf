/**
 * Whether the page is light or dark: as the system has it, or as somebody chose here.
 *
 * Used before the page is drawn by theme.ts, and by the switch in the page. The colours themselves
 * are in dashboard.css.
 */

/** What may be chosen. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "cairn-theme";

/** Returns what was chosen in this browser. */
export function readTheme(): Theme {
  const saved = localStorage.getItem(STORAGE_KEY);
  return THEMES.find((theme) => theme === saved) ?? "system";
}

/** Sets the page's colours to `theme`. */
export function showTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

/** Sets the page's colours to `theme`, and does so from now on. */
export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORAGE_KEY, theme);
  showTheme(theme);
}
