/**
 * Puts counters into TypeScript: for every statement, function and branch, by Istanbul's visitor.
 *
 * Istanbul counts neither `?.` nor `??=`, which are branches all the same: they are first written
 * as `??`, which it does count. Types stay, for Bun to strip. What the counts say is judged in
 * coverage-report.ts.
 */

import { createRequire } from "node:module";
import type { FileCoverage } from "./coverage-report.ts";

/** The layers whose every branch is to be tested. */
export const COVERED_FILES = /[\\/]src[\\/](?:consensus|script|primitives|wire)[\\/][\w-]+\.ts$/;

/** Code with counters, and the same counters at zero. */
export interface Instrumented {
  readonly code: string;
  readonly coverage: FileCoverage;
}

/**
 * Returns `source` with counters in `globalThis.__coverage__[path]`. Lines and columns of the
 * counters are those of `source`. Throws on an optional call of a method, `a.b?.()`.
 */
export function instrument(source: string, path: string): Instrumented {
  let coverage: FileCoverage | undefined;
  const plugin = ({ types }: { types: NodeFactory }) => {
    const istanbul = programVisitor(types, path, { coverageGlobalScope: "globalThis" });
    return {
      visitor: {
        Program: {
          enter(program: ProgramPath) {
            program.traverse(spellOut(types));
            istanbul.enter(program);
          },
          exit(program: ProgramPath) {
            coverage = istanbul.exit(program)?.fileCoverage;
          },
        },
      },
    };
  };
  const { code } = babel.transformSync(source, {
    configFile: false,
    babelrc: false,
    filename: path,
    parserOpts: { sourceType: "module", plugins: ["typescript"] },
    plugins: [plugin],
  });
  if (coverage === undefined) throw new Error(`${path} was not instrumented`);
  return { code, coverage };
}

/** Writes `a?.b` as `(a ?? undefined)?.b` and `a ??= b` as `a = a ?? b`, places unchanged. */
function spellOut(types: NodeFactory): Record<string, (path: NodePath) => void> {
  const orUndefined = (node: Node) => ({
    ...types.logicalExpression("??", node, { ...types.identifier("undefined"), loc: node.loc }),
    loc: node.loc,
  });
  return {
    OptionalMemberExpression({ node }) {
      if (node.optional === true) node.object = orUndefined(node.object as Node);
    },
    OptionalCallExpression({ node }) {
      if (node.optional !== true) return;
      const callee = node.callee as Node;
      // Set apart from its object, a method would lose its `this`.
      if (callee.type !== "Identifier")
        throw new Error("cannot count an optional call of a method");
      node.callee = orUndefined(callee);
    },
    AssignmentExpression({ node }) {
      const operator = /^(\?\?|\|\||&&)=$/.exec(String(node.operator))?.[1];
      if (operator === undefined) return;
      const old = types.cloneNode(node.left as Node);
      node.operator = "=";
      node.right = {
        ...types.logicalExpression(operator, old, node.right as Node),
        loc: node.loc,
      };
    },
  };
}

/** The little of Babel's trees that is touched here; neither library has types. */
interface Node {
  readonly type: string;
  readonly loc: unknown;
  [field: string]: unknown;
}

interface NodePath {
  readonly node: Node;
}

interface NodeFactory {
  identifier(name: string): Node;
  logicalExpression(operator: string, left: Node, right: Node): Node;
  cloneNode(node: Node): Node;
}

interface ProgramPath {
  traverse(visitor: Record<string, (path: NodePath) => void>): void;
}

interface Babel {
  transformSync(source: string, options: object): { readonly code: string };
}

type ProgramVisitor = (
  types: NodeFactory,
  path: string,
  options: object,
) => {
  enter(program: ProgramPath): void;
  exit(program: ProgramPath): { readonly fileCoverage: FileCoverage } | undefined;
};

const INSTRUMENTER = import.meta.resolve("istanbul-lib-instrument");
const { programVisitor } = createRequire(import.meta.url)("istanbul-lib-instrument") as {
  programVisitor: ProgramVisitor;
};
/** The one that the instrumenter itself uses. */
const babel = createRequire(INSTRUMENTER)("@babel/core") as Babel;
