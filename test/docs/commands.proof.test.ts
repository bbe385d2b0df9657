/** The commands of the documents that prove something in minutes: they kill runs, ensembles and sweeps. */
import { testCommands } from "./documents.ts"

testCommands("proofs")
