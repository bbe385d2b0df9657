import { type Schema, SchemaIssue } from "effect"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** The first problem in a decoded file, in one line: run.json at experiment.name: Missing key. */
export const schemaProblem = (file: string, { issue }: Schema.SchemaError): string => {
  const [{ message, path = [] }] = formatIssue(issue).issues
  return path.length === 0 ? `${file}: ${message}` : `${file} at ${path.map(String).join(".")}: ${message}`
}
