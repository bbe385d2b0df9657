/**
 * Own code in an experiment: a function of the user's, named by its module and its export, and the identity of all files that
 * such functions consist of.
 *
 * As written, a module is a path relative to the experiment file. As decoded, it is a key of `OwnCode.files`, so that nothing in
 * the value depends on where the files lie.
 */
import * as Schema from "effect/Schema"
import { withDefault } from "./withDefault.ts"

const moduleName = Schema.String.check(
  Schema.isPattern(/\.m?[jt]s$/, {
    message: "a path to a module, relative to the experiment file, such as ./squeeze.ts",
  }),
)

const exportName = Schema.String.check(
  Schema.isPattern(/^[\p{L}_$][\p{L}\p{N}_$]*$/u, { message: "the name of an export" }),
)

/** The fields of a reference to a function. */
export const reference = {
  kind: Schema.Literal("custom"),
  /** The module, relative to the experiment file. */
  module: moduleName,
  /** The name under which the module exports the function. */
  export: exportName,
  /** Plain values, which the function's own schema decodes. Default: none. */
  options: withDefault(Schema.JsonObject, {}),
}

/** A function of the user's with its options. */
export const OwnFunction = Schema.Struct(reference)
export type OwnFunction = typeof OwnFunction.Type

/** What an experiment's own code consists of. `run` finds it out; it is not written by hand. */
export const OwnCode = Schema.Struct({
  /** SHA-256 of the text of every local file, by its path below the folder that they have in common. */
  files: Schema.Record(Schema.String, Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))),
  /** The version of every package that a local file imports. */
  packages: Schema.Record(Schema.String, Schema.String),
  /** The common folder, relative to that of the experiment file. It is not part of the fingerprint. */
  folder: Schema.String,
})
export type OwnCode = typeof OwnCode.Type

/** A definition as `tidemark/code` makes it, as far as the type of its options goes. */
export interface WithOptions {
  /** The options as they are written. It exists for the type checker only. */
  readonly Options: object
}

export interface OwnReference<D extends WithOptions> {
  /** The module, relative to the experiment file, such as "./squeeze.ts". */
  readonly module: string
  /** The name under which the module exports the function. */
  readonly export: string
  /** Plain values, which the function's own schema decodes. */
  readonly options?: D["Options"]
}

type JsonObject = typeof Schema.JsonObject.Type

/** The value that an experiment holds: the options are JSON, which is checked when the experiment is run. */
export const refer = <D extends WithOptions>({ export: name, module, options }: OwnReference<D>) =>
  ({
    kind: "custom",
    module,
    export: name,
    ...(options === undefined ? {} : { options: options as JsonObject }),
  }) as const
