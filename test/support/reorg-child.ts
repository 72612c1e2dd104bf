/**
 * A process that reorganises the chain in the file it is given, for tests that kill it meanwhile.
 *
 * Says "ready" once nothing is left to do but the last block, which sets everything in motion.
 */

import { openNodeDatabase, QUICK, TestNode } from "./chain-builder.ts";
import { reorgBranches } from "./reorg-branches.ts";

const [path, depth] = process.argv.slice(2);
if (path === undefined || depth === undefined) throw new Error("usage: reorg-child FILE DEPTH");

const { left, right } = reorgBranches(Number(depth));
const node = new TestNode(QUICK, openNodeDatabase(QUICK, path));
// Only what happens from "ready" on is to survive.
node.database.run("PRAGMA synchronous = OFF");
node.follow(left).follow(right.fork(1));
node.database.run("PRAGMA synchronous = FULL");
console.log("ready");
node.follow(right);
console.log("done");
