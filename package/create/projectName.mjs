// @ts-check
/**
 * The name of the package: (the name of its folder) -> a name that npm accepts: `My Model` becomes my-model.
 *
 * npm: at most 214 characters, lower case, safe in a URL, not beginning with a dot or an underscore.
 */
import { CreateFailed } from "./CreateFailed.mjs"

const longest = 214

/** npm refuses the first two. A project of the last name would depend on itself. */
const reserved = ["node_modules", "favicon.ico", "tidemark"]

/** @type {(folderName: string) => string} */
const normalize = (folderName) =>
  folderName
    // An accent becomes a character of its own, which is removed.
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[\s_]+/g, "-")
    .replace(/[^a-z0-9.~-]/g, "")
    .replace(/-{2,}/g, "-")
    .replace(/^[-.~]+|[-.~]+$/g, "")

/** @type {(folderName: string) => string} */
export const projectNameOf = (folderName) => {
  const name = normalize(folderName)
  /** @type {(found: string) => CreateFailed} */
  const failure = (found) =>
    new CreateFailed(
      "usage",
      `cannot name a package after the folder ${JSON.stringify(folderName)}: ${found}; ` +
        "choose another folder, such as my-model",
    )
  // Refused as it is written, because its normalized form would be another name.
  if (reserved.includes(folderName.toLowerCase()))
    throw failure("found a reserved name, expected another one")
  if (name === "") throw failure("found no letter from a to z and no digit, expected at least one")
  if (name.length > longest) throw failure(`found ${name.length} characters, expected at most ${longest}`)
  if (reserved.includes(name)) throw failure("found a reserved name, expected another one")
  return name
}
