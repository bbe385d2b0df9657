/** The error of data that a run would refuse. */
import { Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"

export class DataRefused extends Failure<DataRefused>()("DataRefused", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, problems: Schema.NonEmptyArray(Schema.String) },
  message: ({ dataset, problems }) =>
    problems.length === 1 ? problems[0] : `a run would refuse ${dataset}:\n${problems.join("\n")}`,
}) {}
