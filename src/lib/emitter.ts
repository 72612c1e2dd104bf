/**
 * A typed event emitter: how knowledge flows upward.
 *
 * Listeners run at once, in the order they were added, and may not throw: an exception is passed on
 * to the emitter's caller, as the fault of this node that it is.
 */

/** Maps an event's name to what its listeners are given. */
type EventMap = Record<string, unknown>;

/** Emits the events of `Events`; the owner keeps it and shows others only `on`. */
export class Emitter<Events extends EventMap> {
  readonly #listeners = new Map<keyof Events, Set<(data: never) => void>>();

  /** Adds `listener`; returns the function that removes it again. */
  on<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): () => void {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Hands `data` to every listener of `name` before it returns. */
  emit<Name extends keyof Events>(name: Name, data: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      (listener as (data: Events[Name]) => void)(data);
    }
  }
}
