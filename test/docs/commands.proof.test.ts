/** The commands of the other documents on MNIST, and those that prove something in minutes: they kill runs, ensembles and sweeps. */
import { testCommands } from "./documents.ts"

testCommands("proofs")
