/**
 * Passwords: asked unseen, or read from a file that is its owner's alone; never from an argument or
 * a variable, which others can read.
 */

import type { JsonObject } from "../lib/json.ts";
import { path, setting } from "../node/settings.ts";
import { PrivateFileError, readPrivateFile } from "../storage/private-file.ts";
import { type ApiClient, RefusedError } from "./api-client.ts";
import { CommandError, flagOnly, UsageError, type World } from "./command.ts";
import type { WalletAnswer } from "./wallet-answers.ts";
import { WALLET_GROUP, walletPath } from "./wallet-options.ts";

/** Where to read a password instead of asking for it. */
export const PASSWORD_OPTIONS = {
  passwordFile: flagOnly(
    setting<string | undefined>({
      kind: path("FILE"),
      group: WALLET_GROUP,
      help: "Read the password from the first line of a file that only you may read",
      default: undefined,
      defaultText: "asked for, unseen",
    }),
  ),
} as const;

/** Longest file of a password: one, and what an editor may put behind it. */
const MAX_FILE_BYTES = 4_096;

/** Times that a person is asked for the same. */
const MAX_TRIES = 3;

/** Returns the password in `file`, or what is typed at `question`; UsageError if it is neither. */
export async function readPassword(
  world: World,
  file: string | undefined,
  question = "Password",
): Promise<string> {
  if (file !== undefined) return readPasswordFile(file);
  const password = await world.ask(`${question}: `, true);
  if (password === undefined) {
    throw new UsageError("no password was given; where nobody can be asked: --password-file FILE");
  }
  return password;
}

/** Returns a password to be: typed twice, or read from `file`. */
export async function readNewPassword(
  world: World,
  file: string | undefined,
  question = "New password",
): Promise<string> {
  if (file !== undefined) return readPasswordFile(file);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const password = await readPassword(world, undefined, question);
    const again = await readPassword(world, undefined, "The same again");
    if (password === again && password !== "") return password;
    world.stderr.write(password === "" ? "It is empty.\n" : "They differ.\n");
  }
  throw new CommandError("no password was typed twice the same");
}

/** What `withPassword` needs. */
export interface PasswordNeeds {
  readonly client: ApiClient;
  readonly world: World;
  readonly passwordFile: string | undefined;
}

/**
 * Runs `work` with what allows wallet `name` to sign, as a part of a request. Nothing is asked for a
 * wallet without a password; a person may mistype it.
 */
export async function withPassword<Result>(
  name: string,
  { client, world, passwordFile }: PasswordNeeds,
  work: (authority: JsonObject) => Promise<Result>,
): Promise<Result> {
  const { value } = await client.getOwn<WalletAnswer>(walletPath(name));
  if (value.kind !== "encrypted") return await work({});
  for (let tries = 1; ; tries++) {
    const password = await readPassword(world, passwordFile, `Password of ${name}`);
    try {
      return await work({ password });
    } catch (error) {
      const isMistyped =
        error instanceof RefusedError &&
        error.code.startsWith("wrong-password") &&
        tries < MAX_TRIES;
      if (!isMistyped || passwordFile !== undefined) throw error;
      world.stderr.write("That is not the password.\n");
    }
  }
}

function readPasswordFile(file: string): string {
  try {
    const [line = ""] = readPrivateFile(file, MAX_FILE_BYTES).split("\n");
    return line.replace(/\r$/, "");
  } catch (cause) {
    if (!(cause instanceof PrivateFileError)) throw cause;
    throw new UsageError(`${file}: ${FILE_PROBLEMS[cause.code]}`, { cause });
  }
}

const FILE_PROBLEMS = {
  "not-found": "there is no such file",
  "not-private": "others may read this file, or it is a link; chmod 600 makes it yours alone",
  "too-large": "this is no file of a password",
} as const;
