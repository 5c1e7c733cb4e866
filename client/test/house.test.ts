// The rules of this house that a machine can judge of TypeScript.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'

const longest = 60 // lines of a function

async function sources(): Promise<ts.SourceFile[]> {
  const paths = (await readdir('src', { recursive: true })).filter((path) => /\.tsx?$/.test(path))
  return Promise.all(paths.map(async (path) => ts.createSourceFile(join('src', path), await readFile(join('src', path), 'utf8'), ts.ScriptTarget.Latest, true)))
}

function* nodes(node: ts.Node): Generator<ts.Node> {
  yield node
  for (const child of node.getChildren()) yield* nodes(child)
}

const at = (node: ts.Node) => {
  const file = node.getSourceFile()
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
}

const isExported = (node: ts.Node) => ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.ExportKeyword)

test('no any: what is not known is unknown', async () => {
  for (const file of await sources()) {
    for (const node of nodes(file)) assert.notEqual(node.kind, ts.SyntaxKind.AnyKeyword, at(node))
  }
})

test(`no function is longer than ${longest} lines`, async () => {
  for (const file of await sources()) {
    for (const node of nodes(file)) {
      if (!ts.isFunctionLike(node)) continue
      const lines = node.getText().split('\n').length
      assert.ok(lines <= longest, `${at(node)}: ${lines} lines`)
    }
  }
})

test('every optional option says its default', async () => {
  for (const file of await sources()) {
    for (const node of nodes(file)) {
      if (!ts.isInterfaceDeclaration(node) || !/Options$/.test(node.name.text)) continue
      for (const member of node.members) {
        const words = ts.getJSDocTags(member).map((tag) => tag.tagName.text)
        const wants = member.questionToken !== undefined && !(member.name?.getText() === 'refresh')
        assert.ok(!wants || words.includes('default'), `${at(member)}: @default is missing`)
      }
    }
  }
})

test('what the entries export is documented', async () => {
  const bare: string[] = []
  for (const file of await sources()) {
    for (const node of file.statements) {
      if (!isExported(node) || ts.isExportDeclaration(node)) continue
      const text = file.text.slice(node.getFullStart(), node.getStart())
      if (!/\/\*\*|\/\//.test(text)) bare.push(at(node))
    }
  }
  assert.deepEqual(bare, [], 'exported, and no word about it')
})
