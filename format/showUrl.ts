/**
 * Shows addresses without their secrets: (text) -> the same text with `***` for the user and password, and for keys and signatures
 * in the query.
 *
 * The one place that decides what a secret is. What is not secret stays as it was written, character for character.
 */

/** Words that name a secret in the query of an address: X-Amz-Signature, access_token, apiKey, AWSAccessKeyId, sig. */
const secretWords = new Set(
  "accesskey apikey auth authorization code credential credentials jwt key keyid passwd password policy pwd sas secret session sig signature ticket token".split(
    " ",
  ),
)

/** The words of a parameter's name, in lower case: X-Amz-Signature and xAmzSignature are the same three. */
const wordsOf = (name: string) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const isSecret = (name: string) => wordsOf(decoded(name)).some((word) => secretWords.has(word))

const hidden = "***"

/** An address without its secrets. */
export const showUrl = (url: string): string => {
  const [, scheme = "", rest = url] = /^([a-z][a-z0-9+.-]*:[\\/]{2})(.*)$/is.exec(url) ?? []
  if (scheme === "") return url
  // An unescaped / or ? in a password makes the address invalid; then everything up to the last @ may be secret.
  const user = URL.canParse(url) ? /^[^/?#\\]*@/ : /^.*@/s
  return (
    scheme +
    rest
      .replace(user, `${hidden}@`)
      .replace(/([?&;#])([^=&;#?]*)=([^&;#]*)/g, (all, before: string, name: string) =>
        isSecret(name) ? `${before}${name}=${hidden}` : all,
      )
  )
}

/** A text with every address in it shown by `showUrl`. */
export const showUrls = (text: string): string =>
  text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>]+/gi, (url) => showUrl(url))
