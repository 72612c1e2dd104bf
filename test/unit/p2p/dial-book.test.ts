/**
 * What is remembered of dials and addresses, for as long as it is of use and no longer.
 */

import { describe, expect, test } from "bun:test";
import { DialBook } from "../../../src/p2p/dial-book.ts";
import { PeerLab } from "../../support/peer-lab.ts";

function addressOf(index: number) {
  return { host: `10.0.0.${index}`, port: 8333 };
}

describe("DialBook", () => {
  test("knows a dial from its beginning to its end", () => {
    const book = new DialBook();
    const dial = book.begin(addressOf(1), "outbound");
    expect([book.find(addressOf(1)), book.count("outbound"), book.knockingCount]).toEqual([
      dial,
      1,
      1,
    ]);
    const { peer } = new PeerLab();
    book.connected(dial, peer);
    expect([book.dialOf(peer), book.knockingCount]).toEqual([dial, 0]);
    book.closed(peer);
    expect([book.find(addressOf(1)), book.size]).toEqual([undefined, 0]);

    book.failed(book.begin(addressOf(2), "manual"));
    expect(book.size).toBe(0);
  });

  test("tells what became of a dial once", async () => {
    const dial = new DialBook().begin(addressOf(1), "manual");
    dial.settle({ status: "unreachable", code: "ETIMEDOUT" });
    dial.settle({ status: "refused", reason: "self" });
    expect(await dial.outcome).toEqual({ status: "unreachable", code: "ETIMEDOUT" });
  });

  test("counts groups of those that are to stay, on their way or there", () => {
    const book = new DialBook();
    book.begin({ host: "20.1.0.1", port: 1 }, "outbound");
    book.begin({ host: "20.2.0.1", port: 1 }, "block-relay");
    book.begin({ host: "20.3.0.1", port: 1 }, "feeler");
    book.begin({ host: "20.4.0.1", port: 1 }, "manual");
    expect([...book.groups()]).toEqual(["20.1", "20.2"]);
  });

  test("knows the one that is left at the addresses of those that it replaced", () => {
    const book = new DialBook();
    const [first, second, third] = [1, 2, 3].map(() => new PeerLab().peer);
    book.connected(book.begin(addressOf(1), "outbound"), first!);
    book.merge(second!, first!);
    book.closed(first!);
    expect([book.find(addressOf(1)), book.findAlias(addressOf(1))]).toEqual([undefined, second]);
    book.merge(third!, second!);
    book.closed(second!);
    expect(book.aliasesOf(third!)).toEqual([addressOf(1)]);
    book.closed(third!);
    expect([book.findAlias(addressOf(1)), book.size]).toEqual([undefined, 0]);
  });

  test("remembers eight addresses of one peer, however many lead to it", () => {
    const book = new DialBook();
    const { peer: kept } = new PeerLab();
    for (let index = 1; index <= 30; index++) {
      const { peer } = new PeerLab();
      book.connected(book.begin(addressOf(index), "outbound"), peer);
      book.merge(kept, peer);
      book.closed(peer);
    }
    expect(book.size).toBe(8);
    book.closed(kept);
    expect(book.size).toBe(0);
  });
});
