/**
 * The door to Preact: every other file of the dashboard takes what it needs of it from here.
 *
 * Templates are htm's: HTML in a tagged template, with whatever is put in set as text or attribute,
 * never as markup.
 */

import htm from "htm";
import { type ComponentChildren, h, type VNode } from "preact";

/** What a component may hold. */
export type Children = ComponentChildren;

/** Holds an element once it is in the page. */
export type Ref<Held> = { readonly current: Held | null };

/** What a component gives. */
export type View = VNode;

/** Makes a tree out of a template with one element at its root. */
export const html = htm.bind(h) as (template: TemplateStringsArray, ...values: unknown[]) => View;

// biome-ignore lint/performance/noBarrelFile: the one door to the library, not a shortcut to files.
export { Component, Fragment, render } from "preact";
export {
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";
