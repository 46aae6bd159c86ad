// Judges a list of calls against IAM policies: JSON from standard input, one verdict for each to standard output.

import { runSimulation } from '@cloud-copilot/iam-simulate'

let text = ''
for await (const chunk of process.stdin) text += chunk

const verdicts = []
for (const simulation of JSON.parse(text)) {
  const response = await runSimulation(simulation, {})
  verdicts.push(
    response.resultType === 'single'
      ? { result: response.overallResult, ignored: response.result.ignoredContextKeys ?? [], error: null }
      : { result: 'Error', ignored: [], error: JSON.stringify(response.errors ?? response.resultType) },
  )
}
process.stdout.write(JSON.stringify(verdicts))
