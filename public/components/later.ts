/**
 * A view that is loaded when it is first shown, for pages that few open.
 *
 * Knows how a part is waited for, and what is said if it does not come; not which.
 */

import { html, useEffect, useState, type View } from "../html.ts";
import { EmptyState, LoadingState } from "./states.ts";

/** Returns a view that draws what `load` gives, once it is there; it is loaded once for all. */
export function later(load: () => Promise<() => View>): () => View {
  let loaded: (() => View) | undefined;
  return function Later() {
    const [draw, setDraw] = useState<{ view: () => View } | undefined>(
      loaded === undefined ? undefined : { view: loaded },
    );
    const [isMissing, setMissing] = useState(false);
    useEffect(() => {
      if (draw !== undefined) return;
      load().then(
        (view) => {
          loaded = view;
          setDraw({ view });
        },
        () => setMissing(true),
      );
    }, []);
    if (draw !== undefined) return html`<${draw.view} />`;
    if (!isMissing) return html`<${LoadingState} lines=${6} />`;
    return html`<${EmptyState} title="This page could not be loaded">Reload it.</${EmptyState}>`;
  };
}
