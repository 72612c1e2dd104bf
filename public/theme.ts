/**
 * Runs before the page is drawn, so that a dark page never flashes light. An entry of its own: the
 * content policy forbids scripts within the page.
 */

import { readTheme, showTheme } from "./theme-choice.ts";

showTheme(readTheme());
