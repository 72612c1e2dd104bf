/**
 * One plain sentence of help for the refusals that people will meet.
 *
 * Says what to do next, never what went wrong: that is in the problem's detail. Codes without a hint
 * are for programs, or say all there is.
 */

const HINTS: Readonly<Record<string, string>> = {
  "address-not-of-this-wallet": "Those it has are in GET /api/wallets/{name}/addresses.",
  "amount-is-dust": "Send more: so little would cost more to spend than it is worth.",
  "bad-address-checksum": "Look for a mistyped or missing character; copying is safer than typing.",
  "bad-address-format": "Addresses here begin as GET /api/status says under limits.",
  "bad-address-network": "Ask for an address of this network: GET /api/status names it.",
  "bad-block-id": "Give a height like 12, or the 64 hexadecimal digits of a hash.",
  "bad-descriptor-checksum": "Copy it again, or leave the # and what follows out.",
  "bad-descriptor-private-key":
    "Whoever sees it can spend: export the public key instead, and consider this one known.",
  "bad-hex": "Give an even number of the digits 0-9 and a-f, without 0x.",
  "bad-mnemonic-checksum": "Compare each word with what was written down, in the same order.",
  "bad-mnemonic-unknown-word": "Look for a mistyped word: all are lower-case English words.",
  "bad-peer-address": "Give it like 192.168.1.5:8333 or [fd00::5]:8333; names are not looked up.",
  "bad-peer-id": "Numbers, ids and addresses of peers are in GET /api/peers.",
  "bad-request-shape": "The fields and their types are described at /swagger.",
  "bad-recipient": "Ask for an address of this network; copying is safer than typing.",
  "bad-transaction-id": "Leave id out, or compute it from the transaction without its witness.",
  "bad-txns-in-belowout": "Lower the outputs: they may not exceed what the inputs hold.",
  "bad-txns-inputs-missingorspent":
    "Ask GET /api/addresses/{address}/utxos for coins that are still there.",
  "bad-txns-premature-spend-of-coinbase":
    "Wait for more blocks, or mine some with POST /api/mine; spend older coins meanwhile.",
  "bad-wallet-name": "Take 1 to 32 of a-z 0-9 _ -, not first _ or -.",
  "block-decode-failed": "Give the whole encoded block as hexadecimal digits.",
  "body-too-large": "Send less at once: limits are in GET /api/status.",
  busy: "Try again in a moment.",
  "client-id-reused": "Take a new clientId for each payment, and the same one to ask again.",
  "coin-reserved": "Confirm or cancel the payment that has it, or choose other coins.",
  "contact-not-found": "Those that are there are in GET /api/contacts.",
  "cross-site-request":
    "A page of another site sent this. Start the node with --cors-origin to allow that site.",
  "draft-changed": "Read the payment again, and confirm the digest that it has now.",
  "draft-not-open": "Prepare it again: POST /api/wallets/{name}/payments.",
  dust: "Raise the output, or leave it out and let it go to the fee.",
  "faucet-off": "Coins are given away on the network dev alone: cairn start --dev.",
  "fee-too-high": "Lower the feerate, or send force if that is what you want.",
  "feerate-too-low": "GET /api/fees says how much.",
  "gap-limit": "Use one of those that wait: GET /api/wallets/{name}/addresses.",
  "high-hash": "The work is missing: search another nonce, for the target of the template.",
  "index-behind": "The explorer index is catching up with the chain; try again shortly.",
  "insufficient-funds": "GET /api/wallets/{name}/balance says what can be spent, and what waits.",
  "insufficient-fee": "Pay more than the transactions that this one would replace.",
  "keystore-busy": "Passwords take their time; try again in a moment.",
  "mempool-full": "Pay a higher fee, or wait for a block.",
  "mempool-min-fee-not-met": "Pay a higher fee: GET /api/fees says how much.",
  "method-not-allowed": "The Allow header lists what this path understands.",
  "min-relay-fee-not-met": "Pay a higher fee: GET /api/fees says how much.",
  "mining-unavailable": "Wait for the demands before yours, or look at GET /api/mining.",
  "missing-inputs":
    "Submit the transaction that makes these coins first, or choose coins that are still there.",
  "non-final": "Wait until the lock time has passed, or sign it again without one.",
  "non-bip68-final": "Wait until the coins are older, or sign again without the relative lock.",
  "not-found": "Paths are listed at /swagger.",
  "not-json": "Send the header content-type: application/json.",
  "peer-banned": "Lift the ban first: DELETE /api/peers/{host}/ban.",
  "peer-list-full": "Forget one that is not needed: DELETE /api/peers/{address}.",
  "peer-not-found": "Those that are connected are in GET /api/peers.",
  "peers-off": "Start it with cairn start.",
  "psbt-format": "Give a whole PSBT in base64; it begins with cHNidP.",
  "psbt-incomplete": "Have it signed by those who are missing, and combine what they send back.",
  "rate-limited": "Wait as long as the Retry-After header says.",
  "script-verify-failed":
    "The signature does not fit: check the key, the amount of the coin, and what was signed.",
  "spend-signatures-missing": "Have it signed by those named, and finish with what they send back.",
  "token-needed": "Send Authorization: Bearer with the token in the node's api.token file.",
  "token-wrong": "The token changes with each start; read it again from the api.token file.",
  "transaction-not-found": "It may not have arrived here, or was dropped from the mempool.",
  "tx-decode-failed": "Give the whole encoded transaction as hexadecimal digits.",
  "too-many-sessions": "Lock a wallet: POST /api/wallets/{name}/lock.",
  "txn-already-known": "Nothing to do: it is in a block.",
  "unknown-recipient":
    "Give an address, or the name of a contact or wallet: GET /api/contacts, GET /api/wallets.",
  "unlock-limit-exceeded": "Unlock again with a higher limit, or give the password.",
  "wallet-exists": "Take another name.",
  "wallet-locked": "Give the password, or a session of POST /api/wallets/{name}/unlock.",
  "wallet-not-found": "Those that are there are in GET /api/wallets.",
  "wallet-unsafe-mode":
    "Take the rights of others on it away: chmod 600 on the file, 700 on its folder.",
  "wallet-watch-only": "Take the payment's PSBT to where its keys are, and POST it to .../signed.",
  "wallets-off":
    "Ask on the node's own machine, or start it with --wallet-remote behind something that encrypts.",
  "weak-password": "Take at least one character; long ones are better.",
  "wrong-host": "Ask for the node under 127.0.0.1 or localhost, or start it with --api-allow-host.",
  "wrong-password-or-damaged":
    "Five may be wrong in a minute. Capitals and the keyboard's layout matter.",
};

/** Returns the hint for `code`, if there is one. */
export function hintFor(code: string): string | undefined {
  return Object.hasOwn(HINTS, code) ? HINTS[code] : undefined;
}
