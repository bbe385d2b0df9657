// @ts-check
/** An expected failure with its exit code. The codes are those of tidemark. */
export const exitCodes = /** @type {const} */ ({
  usage: 64,
  unavailable: 69,
  cannotCreate: 73,
  interrupted: 130,
})

export class CreateFailed extends Error {
  /**
   * @param {keyof typeof exitCodes} code
   * @param {string} message what failed: what was found, what was expected; what to do
   */
  constructor(code, message) {
    super(message)
    this.exitCode = exitCodes[code]
  }
}
