/**
 * Light, dark, or as the system has it.
 *
 * How a choice is kept and shown is in theme-choice.ts.
 */

import { html, useState } from "../html.ts";
import { chooseTheme, readTheme, type Theme } from "../theme-choice.ts";
import { Choice } from "./choice.ts";
import { Icon } from "./icon.ts";

const OPTIONS = [
  { value: "system", label: "Colours of the system", text: html`<${Icon} name="system" />` },
  { value: "light", label: "Light colours", text: html`<${Icon} name="sun" />` },
  { value: "dark", label: "Dark colours", text: html`<${Icon} name="moon" />` },
];

/** Chooses the page's colours, for this browser and from now on. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(readTheme);
  const choose = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return html`<${Choice} label="Colours" options=${OPTIONS} value=${theme} onChoose=${choose} />`;
}
