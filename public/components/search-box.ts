/**
 * Leads to whatever a text names: a height, a hash, a transaction, an address.
 *
 * What a text can name is decided in search-target.ts.
 */

import { get } from "../api-client.ts";
import { html, useState } from "../html.ts";
import { navigate } from "../router.ts";
import { findSearchTarget, MAX_SEARCH_LENGTH } from "../search-target.ts";
import { Icon } from "./icon.ts";

/** A field to search by, which says so if nothing was found. */
export function SearchBox() {
  const [text, setText] = useState("");
  const [notice, setNotice] = useState("");
  const search = async (event: Event) => {
    event.preventDefault();
    if (text.trim() === "") return;
    const target = await findSearchTarget(text, (path) => get(path));
    if (target === undefined) {
      setNotice("Nothing here by that name.");
      return;
    }
    setText("");
    setNotice("");
    navigate(target);
  };
  const change = (event: Event) => {
    setNotice("");
    setText((event.target as HTMLInputElement).value);
  };
  return html`<form role="search" onSubmit=${search} class="relative w-full">
    <span class="pointer-events-none absolute top-2 left-3 text-muted"><${Icon} name="search" size=${1.1} /></span>
    <input
      type="search"
      aria-label="Search for a height, block hash, transaction or address"
      placeholder="Height, hash, transaction, address"
      maxlength=${MAX_SEARCH_LENGTH}
      autocomplete="off"
      spellcheck=${false}
      value=${text}
      onInput=${change}
      class="h-9 w-full rounded-lg border border-strong bg-ground pr-3 pl-9 text-sm placeholder:text-muted"
    />
    <p role="status" class=${notice === "" ? "sr-only" : "absolute top-10 right-0 z-10 rounded-lg border border-strong bg-surface px-3 py-1.5 text-sm shadow-lg"}>
      ${notice}
    </p>
  </form>`;
}
