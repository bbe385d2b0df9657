/** Requests to the dashboard's server: (address) -> its answer as JSON, or why there is none. They never fail. */
import type { Problem } from "../messages.ts"

export const isProblem = <Answer extends object>(answer: Answer | Problem): answer is Problem =>
  "problem" in answer

export const requestJson = async <Answer extends object>(
  address: string,
  options: RequestInit = {},
): Promise<Answer | Problem> => {
  try {
    const response = await fetch(address, options)
    if (response.status === 401)
      return { problem: "This browser is not signed in: open the address that the dashboard printed." }
    return await response.json()
  } catch {
    return { problem: "The dashboard does not respond." }
  }
}
