/** The commands of the documents that are read first, with the experiments that they name, on MNIST. */
import { testCommands } from "./documents.ts"

testCommands("real")
