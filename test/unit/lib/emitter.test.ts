/**
 * The emitter: order, removal, and what happens to listeners that change while it emits.
 */

import { describe, expect, test } from "bun:test";
import { Emitter } from "../../../src/lib/emitter.ts";

function makeEmitter() {
  return new Emitter<{ number: number; text: string }>();
}

describe("Emitter", () => {
  test("hands data to the listeners of that event only, in the order they were added", () => {
    const emitter = makeEmitter();
    const heard: unknown[] = [];
    emitter.on("number", (value) => heard.push(["first", value]));
    emitter.on("text", (value) => heard.push(["text", value]));
    emitter.on("number", (value) => heard.push(["second", value]));
    emitter.emit("number", 1);
    emitter.emit("text", "a");
    expect(heard).toEqual([
      ["first", 1],
      ["second", 1],
      ["text", "a"],
    ]);
  });

  test("emits to nobody without complaint", () => {
    expect(() => makeEmitter().emit("number", 1)).not.toThrow();
  });

  test("stops handing over once the listener is removed, however often that is said", () => {
    const emitter = makeEmitter();
    const heard: number[] = [];
    const remove = emitter.on("number", (value) => heard.push(value));
    emitter.on("number", (value) => heard.push(-value));
    emitter.emit("number", 1);
    remove();
    remove();
    emitter.emit("number", 2);
    expect(heard).toEqual([1, -1, -2]);
  });

  test("does not hand the current event to a listener added by another", () => {
    const emitter = makeEmitter();
    const heard: string[] = [];
    emitter.on("number", () => {
      heard.push("old");
      if (heard.length === 1) emitter.on("number", () => heard.push("new"));
    });
    emitter.emit("number", 1);
    expect(heard).toEqual(["old"]);
    emitter.emit("number", 2);
    expect(heard).toEqual(["old", "old", "new"]);
  });

  test("skips no listener when one removes itself", () => {
    const emitter = makeEmitter();
    const heard: string[] = [];
    const remove = emitter.on("number", () => {
      heard.push("once");
      remove();
    });
    emitter.on("number", () => heard.push("always"));
    emitter.emit("number", 1);
    emitter.emit("number", 2);
    expect(heard).toEqual(["once", "always", "always"]);
  });

  test("finishes a nested event before it returns to the outer one", () => {
    const emitter = makeEmitter();
    const heard: string[] = [];
    emitter.on("number", () => emitter.emit("text", "inner"));
    emitter.on("number", () => heard.push("outer"));
    emitter.on("text", (value) => heard.push(value));
    emitter.emit("number", 1);
    expect(heard).toEqual(["inner", "outer"]);
  });

  test("passes what a listener throws to the caller of emit", () => {
    const emitter = makeEmitter();
    const fault = new Error("fault");
    emitter.on("number", () => {
      throw fault;
    });
    expect(() => emitter.emit("number", 1)).toThrow(fault);
  });
});
