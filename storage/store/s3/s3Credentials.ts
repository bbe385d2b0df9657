/**
 * The keys of an S3-compatible service: from the environment, or from a file as the tools of AWS write it. They are read for every
 * request, because a file may be renewed while a run trains, and are never printed or stored.
 *
 *     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *     AWS_SHARED_CREDENTIALS_FILE (default: ~/.aws/credentials), AWS_PROFILE (default: default)
 */
import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { Effect, Redacted, Schema } from "effect"
import { Failure } from "../../../schemas/Failure.ts"

export interface S3Credentials {
  readonly accessKeyId: Redacted.Redacted
  readonly secretAccessKey: Redacted.Redacted
  readonly sessionToken: Redacted.Redacted | undefined
}

export class CredentialsMissing extends Failure<CredentialsMissing>()("CredentialsMissing", {
  exitCode: "unavailable",
  fields: { file: Schema.String, profile: Schema.String, problem: Schema.String },
  message: ({ file, problem, profile }) =>
    `no keys for the store: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and ${file} ${problem}; set them, or add the section [${profile}] with aws_access_key_id and aws_secret_access_key to the file`,
}) {}

type Environment = Readonly<Record<string, string | undefined>>

/** The values of one section of a file of credentials (INI): names and values around the first `=`. */
export const readProfile = (text: string, profile: string): Readonly<Record<string, string>> | undefined => {
  let found: Record<string, string> | undefined
  let isInside = false
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line)?.[1]
    if (section !== undefined) {
      isInside = section === profile
      if (isInside) found ??= {}
      continue
    }
    const [, name, value] = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (isInside && found !== undefined && name !== undefined) found[name.toLowerCase()] = value
  }
  return found
}

const credentialsOf = (id: string, secret: string, token: string | undefined): S3Credentials => ({
  accessKeyId: Redacted.make(id),
  secretAccessKey: Redacted.make(secret),
  sessionToken: token === undefined || token === "" ? undefined : Redacted.make(token),
})

export const readCredentials = Effect.fnUntraced(function* (environment: Environment = process.env) {
  const id = environment.AWS_ACCESS_KEY_ID ?? ""
  const secret = environment.AWS_SECRET_ACCESS_KEY ?? ""
  if (id !== "" && secret !== "") return credentialsOf(id, secret, environment.AWS_SESSION_TOKEN)
  const file = environment.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), ".aws", "credentials")
  const profile = environment.AWS_PROFILE ?? "default"
  const missing = (problem: string) => new CredentialsMissing({ file, profile, problem })
  const text = yield* Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: () => missing("cannot be read"),
  })
  const found = readProfile(text, profile)
  if (found === undefined) return yield* missing(`has no section [${profile}]`)
  const { aws_access_key_id = "", aws_secret_access_key = "", aws_session_token } = found
  if (aws_access_key_id === "" || aws_secret_access_key === "") {
    return yield* missing(`lacks a key in the section [${profile}]`)
  }
  return credentialsOf(aws_access_key_id, aws_secret_access_key, aws_session_token)
})
