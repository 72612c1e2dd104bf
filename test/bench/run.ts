/**
 * All benches, one after the other: the figures that the README claims, measured on this machine.
 */

import { cpus } from "node:os";
import { run as connect } from "./connect.bench.ts";
import { run as dashboard } from "./dashboard.bench.ts";
import { run as index } from "./index.bench.ts";
import { run as kernel } from "./kernel.bench.ts";
import { run as linear } from "./linear.bench.ts";
import { run as live } from "./live.bench.ts";
import { run as signatures } from "./signatures.bench.ts";
import { run as startup } from "./startup.bench.ts";
import { run as sync } from "./sync.bench.ts";
import { run as wallet } from "./wallet.bench.ts";

const processors = cpus();
console.log(`${processors.length} × ${processors[0]?.model ?? "unknown"}, Bun ${Bun.version}`);

const chain = { kernel, signatures, linear, connect, index, sync };
const program = { live, dashboard, startup, wallet };
for (const [name, run] of Object.entries({ ...chain, ...program })) {
  console.log(`\n${name}`);
  await run();
}
process.exit(0);
