/** The commands of the documents with the experiments that they name, on MNIST; some are executed only here. */
import { testCommands } from "./documents.ts"

testCommands("real")
