/**
 * A process that changes a wallet's file and kills itself before the step that it is told, for tests
 * of what is on the disk afterwards.
 *
 * Says how many steps it came to if it lived to the end.
 */

import { openTestKeystore, TEST_SECRET } from "./keystore-world.ts";

const [directory, act, step] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: keystore-child FOLDER ACT STEP");

let steps = 0;
const keystore = openTestKeystore(directory, {
  onStep() {
    if (steps++ === Number(step)) process.kill(process.pid, "SIGKILL");
  },
});
switch (act) {
  case "create":
    await keystore.create({
      name: "new",
      kind: "encrypted",
      descriptors: ["tr()"],
      secret: TEST_SECRET,
      password: "password",
    });
    break;
  case "change":
    await keystore.changePassword("old", "old password", "new password");
    break;
  case "remove":
    await keystore.remove("old");
    break;
  default:
    throw new Error(`no such act: ${act}`);
}
console.log(steps);
