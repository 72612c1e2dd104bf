/** What a form asks a wallet for. */

import { describe, expect, test } from "bun:test";
import { NO_PAYMENT, NO_RECIPIENT, readSendDraft } from "../../../public/send-request.ts";

const BOB = { ...NO_RECIPIENT, to: " bob ", amount: "0.1" };

describe("readSendDraft", () => {
  test("asks for what was filled in, and for nothing that was left alone", () => {
    expect(readSendDraft({ ...NO_PAYMENT, recipients: [BOB] })).toEqual({
      recipients: [{ to: "bob", amount: 10_000_000 }],
      target: 1,
    });
  });

  test("knows every choice", () => {
    const txid = "ab".repeat(32);
    const draft = {
      recipients: [
        { ...BOB, paysFee: true },
        { ...BOB, isMax: true, paysFee: true },
      ],
      speed: "own",
      feerate: "2.5",
      coins: [`${txid}:3`],
      keepsChange: false,
      allowsUnconfirmed: true,
      isForced: true,
    } as const;
    expect(readSendDraft(draft)).toEqual({
      recipients: [
        { to: "bob", amount: 10_000_000 },
        { to: "bob", amount: "max" },
      ],
      feerate: 2.5,
      subtractFeeFrom: [0],
      coins: [{ txid, vout: 3 }],
      keepChange: false,
      allowUnconfirmed: true,
      force: true,
    });
  });

  test("says which recipient is wrong", () => {
    const read = (line: typeof BOB) => readSendDraft({ ...NO_PAYMENT, recipients: [BOB, line] });
    for (const line of [
      { ...BOB, to: " " },
      { ...BOB, amount: "0" },
      { ...BOB, amount: "1.123456789" },
    ]) {
      expect(read(line)).toMatchObject({ recipient: 1 });
    }
  });

  test("wants a rate where one's own was chosen", () => {
    const read = readSendDraft({ ...NO_PAYMENT, recipients: [BOB], speed: "own", feerate: "" });
    expect(read).toHaveProperty("problem");
    expect(read).not.toHaveProperty("recipient");
  });
});
