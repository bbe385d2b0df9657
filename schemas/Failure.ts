/**
 * The one constructor of expected errors: (tag, exit code, fields, message) -> a Schema class that can be yielded and encoded,
 * and that ends a command with its message and its exit code.
 *
 *     export class DatasetNotRecorded extends Failure<DatasetNotRecorded>()("DatasetNotRecorded", {
 *       exitCode: "noInput",
 *       fields: { run: Schema.String },
 *       message: ({ run }) => `cannot load ${run}: stages/fetch.json is missing; restore the file or train again`,
 *     }) {}
 *
 * The tag is the name of the class, and no two errors have the same one: errors are decoded and caught by their tags.
 */
import { Runtime, Schema } from "effect"
import { type ExitCodeName, exitCodes } from "./exitCodes.ts"
import { shortened } from "./shortened.ts"

type Values<Fields extends Schema.Struct.Fields> = Schema.Struct.Type<NoInfer<Fields>>

export interface FailureOptions<Fields extends Schema.Struct.Fields> {
  /** A name, or a function of the fields. It may return a number too: the exit code of another process, passed on. */
  readonly exitCode: ExitCodeName | ((values: Values<Fields>) => ExitCodeName | number)
  readonly fields: Fields
  /** `<what failed>: <found>, expected <expected>; <what to do>` */
  readonly message: (values: Values<Fields>) => string
}

export const Failure =
  <Self = never>() =>
  <Tag extends string, const Fields extends Schema.Struct.Fields>(
    tag: Tag,
    { exitCode, fields, message }: FailureOptions<Fields>,
  ) => {
    const Base = Schema.TaggedError<Self, { readonly [Runtime.errorExitCode]: number }>()(tag, fields)
    const codeOf = (values: Values<Fields>) => {
      const code = typeof exitCode === "function" ? exitCode(values) : exitCode
      return typeof code === "number" ? code : exitCodes[code]
    }
    // On the prototype, not in a class between: a Schema class supports one level of `extends`.
    Object.defineProperties((Base as { readonly prototype: object }).prototype, {
      [Runtime.errorExitCode]: {
        get(this: Values<Fields>) {
          return codeOf(this)
        },
      },
      message: {
        get(this: Values<Fields>) {
          return shortened(message(this))
        },
      },
    })
    return Base
  }
