/** Many random networks. */
import { testRandomCases } from "./randomCases.ts"

testRandomCases(15)
