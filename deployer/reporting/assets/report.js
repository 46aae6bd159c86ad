// The table of the report: sorts, filters and pages over the data in the page, and renders only the visible rows.
// All data is inserted as text, never as markup; nothing is fetched.
'use strict'

const data = JSON.parse(document.getElementById('data').textContent)
const { texts, columns, times, waits, events } = data
const rows = times.length
const records = document.getElementById('records')
const body = records.querySelector('tbody')
const form = records.querySelector('form')
const pager = records.querySelector('.pager')
const counted = records.querySelector('.count')
const heads = [...records.querySelectorAll('th[data-sort]')]
const FACETS = { outcome: 'outcome', ou: 'ou_path', account: 'account', region: 'region', reason: 'reason' }
const SEARCHED = ['repository', 'account', 'account_name', 'ou_path', 'region', 'principal', 'reason', 'detail']
const DESCENDING = new Set(['time', 'wait'])
const state = { q: '', outcome: '', ou: '', account: '', region: '', reason: '', namespace: '', principal: '' }
const view = { sort: 'time', up: false, page: 0, size: 50, found: new Uint32Array(0), open: new Set() }

const text = (name, row) => texts[columns[name][row]]
const pad = (number) => String(number).padStart(2, '0')
const counts = new Intl.NumberFormat('en-US')

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

// report.css hides columns on narrow screens; a cell that spans all columns would show them again, empty.
const narrow = matchMedia('(max-width: 47.99rem)')
const across = () => String(narrow.matches ? 3 : 8)
narrow.addEventListener('change', () => show())

// The contents of a row

function minute(seconds) {
  const time = new Date(seconds * 1000)
  const date = `${time.getUTCFullYear()}-${pad(time.getUTCMonth() + 1)}-${pad(time.getUTCDate())}`
  return `${date} ${pad(time.getUTCHours())}:${pad(time.getUTCMinutes())}`
}

function duration(milliseconds) {
  const seconds = milliseconds / 1000
  if (milliseconds < 0) return ''
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${seconds.toFixed(0)} s`
  return seconds < 7200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`
}

// The rules of deployer/reporting/consoles.py: a link is made only of validated parts.
const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/
const REGION = /^[a-z]{2,8}(-[a-z]{2,16}){1,3}-[0-9]{1,2}$/
const CONSOLES = [
  ['cn-', 'console.amazonaws.cn'],
  ['eu-isoe-', null],
  ['eusc-', 'console.amazonaws-eusc.eu'],
  ['us-gov-', 'console.amazonaws-us-gov.com'],
  ['us-iso', null],
  ['', 'console.aws.amazon.com']
]
function address(row) {
  const [account, region, name] = [text('account', row), text('region', row), text('repository', row)]
  if (!['created', 'violation', 'adopted'].includes(text('outcome', row)) || name.length > 256) return null
  if (!/^\d{12}$/.test(account) || !REGION.test(region) || !NAME.test(name)) return null
  const domain = CONSOLES.find(([start]) => region.startsWith(start))[1]
  return domain && `https://${region}.${domain}/ecr/repositories/private/${account}/${name}?region=${region}`
}

function role(principal) {
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/.exec(principal)
  return session ? `arn:${session[1]}:iam::${session[2]}:role/${session[3]}` : principal
}

// The short name of a principal of the repository's own account; the full ARN for any other.
function caller(row) {
  const own = /^arn:[^:]+:(?:iam|sts)::(\d{12}):(.+)$/.exec(text('principal', row))
  return own && own[1] === text('account', row) ? own[2] : text('principal', row)
}

function breakable(name) {
  return name.split('/').flatMap((part, position) => (position ? ['/', make('wbr'), part] : [part]))
}

function namespace(name) {
  const slash = name.indexOf('/')
  return slash < 0 ? '' : name.slice(0, slash + 1)
}

function draw(row) {
  const [name, account, reason] = [text('repository', row), text('account_name', row) || text('account', row), text('reason', row)]
  const [outcome, region, when, link] = [text('outcome', row), text('region', row), minute(times[row]), address(row)]
  const brief = make('span', { class: 'note brief' }, [when, account, region].filter(Boolean).join(' · '))
  const shown = link ? [make('a', { href: link, rel: 'noopener noreferrer' }, ...breakable(name))] : breakable(name)
  const stamp = make('time', { datetime: new Date(times[row] * 1000).toISOString() }, when)
  const key = make('span', { class: 'key', 'aria-hidden': 'true' })
  if (/^[a-z]+$/.test(outcome)) key.classList.add(`key-${outcome}`)
  const open = view.open.has(row)
  const label = `Details of ${name || events[row]}`
  const button = make('button', { type: 'button', 'aria-expanded': String(open), 'aria-label': label, 'data-row': row }, '›')
  const line = make(
    'tr',
    open ? { class: 'open' } : {},
    make('td', { class: 'time' }, stamp),
    make('th', { class: 'repository', scope: 'row' }, ...shown, brief),
    make('td', { class: 'account' }, account, make('span', { class: 'note' }, ...breakable(text('ou_path', row)))),
    make('td', { class: 'region' }, region),
    make('td', { class: 'outcome' }, key, outcome, ...(reason === outcome ? [] : [make('span', { class: 'note' }, reason)])),
    make('td', { class: 'principal' }, ...breakable(caller(row))),
    make('td', { class: 'number wait' }, duration(waits[row])),
    make('td', { class: 'more' }, button),
  )
  return open ? [line, details(row)] : [line]
}

function details(row) {
  const facts = [
    ['Account', `${text('account_name', row)} ${text('account', row)}`.trim()],
    ['Time', new Date(times[row] * 1000).toISOString().replace('.000', '')],
    ['OU', text('ou_path', row)],
    ['Region', text('region', row)],
    ['Principal', text('principal', row)],
    ['Engine', text('engine', row)],
    ['Observed', [text('action', row), text('how', row)].filter(Boolean).join(', ')],
    ['Rule', text('rule', row)],
    ['Detail', text('detail', row)],
    ['Took', duration(waits[row])],
    ['Source', text('source_ip', row)],
    ['Client', text('user_agent', row)],
    ['Settings', text('settings_digest', row)],
    ['Event', events[row]],
  ]
  const list = make('dl')
  for (const [term, value] of facts) if (value) list.append(make('div', {}, make('dt', {}, term), make('dd', {}, value)))
  return make('tr', { class: 'detail' }, make('td', { colspan: across() }, list))
}

// Filtering and sorting

function matching() {
  const tests = []
  const same = (name, value) => {
    const number = texts.indexOf(value)
    tests.push((row) => columns[name][row] === number)
  }
  for (const facet of ['outcome', 'account', 'region', 'reason']) if (state[facet]) same(FACETS[facet], state[facet])
  const some = (names, test) => {
    const hits = Uint8Array.from(texts, (value) => (test(value) ? 1 : 0))
    return (row) => names.some((name) => hits[columns[name][row]])
  }
  if (state.ou) tests.push(some(['ou_path'], (path) => path === state.ou || path.startsWith(`${state.ou}/`)))
  if (state.namespace) tests.push(some(['repository'], (name) => namespace(name) === state.namespace))
  if (state.principal) tests.push(some(['principal'], (principal) => role(principal) === state.principal))
  for (const word of state.q.toLowerCase().split(/\s+/).filter(Boolean)) {
    const named = some(SEARCHED, (value) => value.toLowerCase().includes(word))
    tests.push((row) => named(row) || events[row].toLowerCase().includes(word))
  }
  const found = new Uint32Array(rows)
  let length = 0
  for (let row = 0; row < rows; row++) if (tests.every((test) => test(row))) found[length++] = row
  return found.subarray(0, length)
}

let ranks = null
function ranked() {
  if (ranks) return ranks
  const { compare } = new Intl.Collator('en', { numeric: true })
  const order = Array.from(texts.keys()).sort((one, other) => compare(texts[one], texts[other]))
  ranks = new Uint32Array(texts.length)
  order.forEach((number, rank) => { ranks[number] = rank })
  return ranks
}

function sorted(found) {
  const by = { time: (row) => times[row], wait: (row) => waits[row] }[view.sort]
  const rank = by ? null : ranked()
  const value = by ?? ((row) => rank[columns[view.sort][row]])
  const way = view.up ? 1 : -1
  return found.sort((one, other) => way * (value(one) - value(other)) || times[other] - times[one] || one - other)
}

// The visible rows

function refresh() {
  view.found = sorted(matching())
  view.page = 0
  view.open.clear()
  show()
}

function show() {
  const { found, size } = view
  const pages = Math.max(Math.ceil(found.length / size), 1)
  view.page = Math.min(Math.max(view.page, 0), pages - 1)
  const first = view.page * size
  const seen = found.subarray(first, first + size)
  body.replaceChildren(...Array.from(seen, draw).flat())
  if (!seen.length) body.append(make('tr', {}, make('td', { colspan: across(), class: 'empty' }, rows ? 'No row fits these filters.' : 'Nothing was recorded.')))
  const part = seen.length ? `${counts.format(first + 1)} to ${counts.format(first + seen.length)} of ` : ''
  const rest = found.length === rows ? '' : `, filtered from ${counts.format(rows)}`
  counted.textContent = `${part}${counts.format(found.length)} ${found.length === 1 ? 'row' : 'rows'}${rest}`
  pager.querySelector('.position').textContent = `Page ${counts.format(view.page + 1)} of ${counts.format(pages)}`
  for (const button of pager.querySelectorAll('button')) {
    button.disabled = ['first', 'previous'].includes(button.dataset.go) ? view.page === 0 : view.page >= pages - 1
  }
  for (const head of heads) {
    if (head.dataset.sort === view.sort) head.setAttribute('aria-sort', view.up ? 'ascending' : 'descending')
    else head.removeAttribute('aria-sort')
  }
  form.elements.sort.value = view.sort
  remember()
}

function chips() {
  const box = form.querySelector('.chips')
  box.replaceChildren(
    ...['namespace', 'principal'].filter((name) => state[name]).map((name) => {
      const label = `Remove the filter ${name} ${state[name]}`
      const chip = make('button', { type: 'button', 'aria-label': label }, `${name} ${state[name]} ×`)
      chip.addEventListener('click', () => { set({ [name]: '' }); form.elements.q.focus() })
      return chip
    }),
  )
}

function set(changes) {
  Object.assign(state, changes)
  for (const name of ['q', 'outcome', 'ou', 'account', 'region', 'reason']) {
    if (form.elements[name].value !== state[name]) form.elements[name].value = state[name]
  }
  chips()
  refresh()
}

function sortBy(name, up = !DESCENDING.has(name)) {
  Object.assign(view, { sort: name, up })
  refresh()
}

// The page's URL has the current filters and sort order, so that a view can be shared.

function remember() {
  const parameters = new URLSearchParams(Object.entries(state).filter(([, value]) => value))
  if (view.sort !== 'time' || view.up) parameters.set('sort', `${view.up ? '' : '-'}${view.sort}`)
  const hash = String(parameters) ? `#?${parameters}` : ''
  if (hash || location.hash.startsWith('#?')) history.replaceState(null, '', hash || '#records')
}

function recall() {
  if (!location.hash.startsWith('#?')) return false
  const parameters = new URLSearchParams(location.hash.slice(2))
  for (const name of Object.keys(state)) state[name] = parameters.get(name) ?? ''
  const sort = parameters.get('sort') ?? '-time'
  const name = sort.replace('-', '')
  if (heads.some((head) => head.dataset.sort === name)) Object.assign(view, { sort: name, up: !sort.startsWith('-') })
  return true
}

// Controls

function choices(facet, name) {
  const select = form.elements[facet]
  const known = new Set(columns[name].map((number) => texts[number]).filter(Boolean))
  if (facet === 'ou') for (const path of [...known]) path.split('/').forEach((_, end, parts) => known.add(parts.slice(0, end + 1).join('/')))
  const names = new Map()
  if (facet === 'account') for (let row = rows - 1; row >= 0; row--) names.set(text('account', row), text('account_name', row))
  const label = (value) => (names.get(value) ? `${names.get(value)} (${value})` : value)
  for (const value of [...known].sort((one, other) => label(one).localeCompare(label(other)))) select.append(make('option', { value }, label(value)))
}

for (const head of heads) {
  const button = make('button', { type: 'button' }, ...head.childNodes)
  button.addEventListener('click', () => (view.sort === head.dataset.sort ? sortBy(view.sort, !view.up) : sortBy(head.dataset.sort)))
  head.append(button)
  form.elements.sort.append(make('option', { value: head.dataset.sort }, button.textContent))
}
for (const [facet, name] of Object.entries(FACETS)) choices(facet, name)

let typing = 0
form.addEventListener('input', (event) => {
  const { name, value } = event.target
  clearTimeout(typing)
  if (name === 'q') typing = setTimeout(() => set({ q: value }), 120)
  else if (name === 'sort') sortBy(value)
  else set({ [name]: value })
})
form.addEventListener('submit', (event) => event.preventDefault())
form.addEventListener('reset', (event) => {
  event.preventDefault()
  set(Object.fromEntries(Object.keys(state).map((name) => [name, ''])))
})
pager.addEventListener('click', ({ target }) => {
  const go = target.dataset.go
  if (!go) return
  view.page = { first: 0, previous: view.page - 1, next: view.page + 1, last: Infinity }[go]
  show()
  records.querySelector('table').scrollIntoView({ block: 'start' })
})
pager.querySelector('select').addEventListener('input', ({ target }) => { view.size = Number(target.value); view.page = 0; show() })
body.addEventListener('click', ({ target }) => {
  if (!target.dataset.row) return
  const row = Number(target.dataset.row)
  if (!view.open.delete(row)) view.open.add(row)
  show()
  body.querySelector(`button[data-row="${row}"]`).focus()
})
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-dimension]')
  if (!link) return
  event.preventDefault()
  set({ ...Object.fromEntries(Object.keys(state).map((name) => [name, ''])), [link.dataset.dimension]: link.dataset.value })
  records.scrollIntoView()
  form.elements.q.focus({ preventScroll: true })
})

// Light and dark

const theme = document.querySelector('.theme')
function paint(name) {
  document.documentElement.dataset.theme = name
  theme.querySelector(`[value="${name}"]`).checked = true
}
theme.addEventListener('change', ({ target }) => {
  paint(target.value)
  try { localStorage.setItem('deployer-report-theme', target.value) } catch { /* a file may have no storage */ }
})
try {
  const known = localStorage.getItem('deployer-report-theme')
  if (['light', 'dark'].includes(known)) paint(known)
} catch { /* as above */ }

records.querySelector('.scriptless').hidden = true
for (const hidden of [form, pager, theme]) hidden.hidden = false
const recalled = recall()
set({})
if (recalled) records.scrollIntoView()
window.addEventListener('hashchange', () => { if (recall()) set({}) })
