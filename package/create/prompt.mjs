// @ts-check
/** Prompts for the folder in a terminal: () -> what was typed, the default, or undefined after Ctrl-C or Ctrl-D. */
import { createInterface } from "node:readline"

const defaultFolder = "my-model"

/** @type {(stdin: NodeJS.ReadableStream, stdout: NodeJS.WritableStream) => Promise<string | undefined>} */
export const promptForFolder = (stdin, stdout) =>
  new Promise((resolve) => {
    const terminal = createInterface({ input: stdin, output: stdout })
    terminal.on("close", () => resolve(undefined))
    terminal.question(`Folder of the project (${defaultFolder}): `, (typed) => {
      resolve(typed.trim() === "" ? defaultFolder : typed.trim())
      terminal.close()
    })
  })
