/**
 * Values that examples of the API's document share: they stand for something on a development
 * network, whose keys are published.
 *
 * A test presses every example.
 */

/** The first address of the wallet `alice`. */
export const EXAMPLE_ADDRESS = "crn1qquv9lg5g2r4jkr0ahun0ddfg5xntxjel9ms049";

/** Of the message "Hello", by that address. */
export const EXAMPLE_SIGNATURE =
  "smpAkgwRQIhAMEWnb2l6W44Qc+d1k8+yId67aca42JA19DVvPw08fXkAiAVtE2ZUl+Ek+xqnptnUb8uSytDaDnGl2WV" +
  "FBE5AS4auQEhA/PUdMhsm+W4LiUcw8xDjTzDYVJ7S5eZUWxL1RPK+eX2";

/** A public key whose private key everybody knows: the generator of the curve. */
export const EXAMPLE_PUBLIC_KEY =
  "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/** The contract that nobody but the owner of that key spends from, and not before block 1,000. */
export const EXAMPLE_CONTRACT = {
  template: "timelock",
  parameters: { owner: { name: "Alice", publicKey: EXAMPLE_PUBLIC_KEY }, lock: { height: 1_000 } },
};
export const EXAMPLE_CONTRACT_ADDRESS =
  "crn1qju92083vf8dyyyjzl23vp568jj642m95s2559kgcrn2wm8vmh67sl0kgkw";

/** A transaction that is nowhere. */
export const EXAMPLE_TXID = "4f1d0b3c5a6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708";

/** A coin of that transaction, by `alice` to `bob`, with its signature. */
export const EXAMPLE_PSBT =
  "cHNidP8BAFICAAAAAQj35tXEs6KRgH9uXUw7KhkI9+bVxLOikYB/blo8Cx1PAAAAAAD9////AfC59QUAAAAAFgAU" +
  "a1tfFUU5E12sTTO42zfTDL35xhQAAAAAAAEBHwDh9QUAAAAAFgAUBxhfoohQ6ysN/b8m9rUooaazSz8iAgPz1HTI" +
  "bJvluC4lHMPMQ408w2FSe0uXmVFsS9UTyvnl9kcwRAIgEEtP8THVdgdFpRQD0xzBWkmAJ7kxl5vgdX8W2gO6MZkC" +
  "IDDOmRjWTHk+ZQa0aA8RXLiaJZk1BUwhX2Y3+29DdZNpASIGA/PUdMhsm+W4LiUcw8xDjTzDYVJ7S5eZUWxL1RPK" +
  "+eX2GBapPtBUAACAAQAAgAAAAIAAAAAAAAAAAAAA";
