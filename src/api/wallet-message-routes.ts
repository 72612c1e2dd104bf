/**
 * Routes of signed messages (BIP-0322): proof that a text is of whoever has an address.
 *
 * Verifying knows no keys, and so is open to all who may use the node.
 */

import { Type } from "@sinclair/typebox";
import { parseAddress } from "../primitives/address.ts";
import {
  MAX_MESSAGE_BYTES,
  MAX_SIGNATURE_LENGTH,
  type MessageVerdict,
  verifyMessage,
} from "../wallet/message.ts";
import type { ApiContext } from "./api-context.ts";
import { describe } from "./operation.ts";
import { readBody } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { exact, orNull } from "./schemas.ts";
import { EXAMPLE_ADDRESS, EXAMPLE_SIGNATURE } from "./wallet-examples.ts";
import { AUTHORITY_FIELDS, describeWallet, readyWallet, withAuthority } from "./wallet-request.ts";

const MESSAGE_FIELDS = {
  address: Type.String({ maxLength: 128 }),
  message: Type.String({ maxLength: MAX_MESSAGE_BYTES }),
};

const SignBody = exact({ ...MESSAGE_FIELDS, ...AUTHORITY_FIELDS });

const VerifyBody = exact({
  ...MESSAGE_FIELDS,
  signature: Type.String({ maxLength: MAX_SIGNATURE_LENGTH }),
});

const MessageSignature = exact({
  signature: Type.String({ description: "BIP-0322, in base64 with its prefix." }),
});

const Verification = exact({
  valid: Type.Boolean(),
  reason: orNull(
    Type.String({
      description:
        "Why not: format, inconclusive, locked (it holds only later), or the script's error.",
    }),
  ),
});

export function walletMessageRoutes(context: ApiContext) {
  const { node } = context;
  return createRouter("wallet-messages")
    .post(
      "/api/wallets/:name/messages",
      async ({ params: { name }, request }) => {
        const { address, message, ...authority } = await readBody(request, SignBody);
        await readyWallet(context, name);
        const signature = await withAuthority(request, authority, (leave) =>
          node.wallets.signMessage(name, address, message, leave),
        );
        return { signature };
      },
      SIGN,
    )
    .post(
      "/api/messages/verify",
      async ({ request }) => {
        const { address, message, signature } = await readBody(request, VerifyBody);
        const script = parseAddress(address, node.network.addressPrefixes);
        return viewMessageVerdict(verifyMessage(message, script, signature, node.signatures));
      },
      VERIFY,
    );
}

function viewMessageVerdict(verdict: MessageVerdict) {
  switch (verdict.status) {
    case "valid":
      return { valid: true, reason: null };
    case "invalid":
      return { valid: false, reason: verdict.reason };
    case "locked":
    case "inconclusive":
      return { valid: false, reason: verdict.status };
  }
}

const MESSAGE_EXAMPLE = { address: EXAMPLE_ADDRESS, message: "Hello" };

const SIGN = describeWallet({
  summary: "Sign a message",
  description: "For an address of the wallet. It moves no money, whatever the message says.",
  body: SignBody,
  bodyExample: MESSAGE_EXAMPLE,
  answers: { 200: { description: "The signature.", schema: MessageSignature } },
  problems: [404],
});

const VERIFY = describe({
  tag: "Wallets",
  summary: "Verify a signed message",
  description: "Says whether whoever has the address signed it.",
  body: VerifyBody,
  bodyExample: { ...MESSAGE_EXAMPLE, signature: EXAMPLE_SIGNATURE },
  answers: { 200: { description: "The verdict.", schema: Verification } },
});
