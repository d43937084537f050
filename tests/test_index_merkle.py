"""The corpus tree is the tree of RFC 6962, its proofs prove, and an index keeps what the tree is made of."""

import hashlib
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import NotFound
from index.search import Index
from index.storage.merkle import CorpusTree, Proof, Tree, document_leaf, revision, root_from

# The leaves and roots that the implementations of certificate transparency share.
LEAVES = [
    bytes.fromhex(written)
    for written in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

leaves = st.lists(st.binary(max_size=4), max_size=40)
some_leaves = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + defined_root(leaves[:k]) + defined_root(leaves[k:])).digest()


def defined_path(m: int, leaves: list[bytes]) -> tuple[bytes, ...]:
    """PATH of RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return ()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return (*defined_path(m, leaves[:k]), defined_root(leaves[k:]))
    return (*defined_path(m - k, leaves[k:]), defined_root(leaves[:k]))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert Tree(LEAVES[:size]).root.hex() == ROOTS[size]


@settings(deadline=None, max_examples=60)
@given(leaves)
def test_the_root_is_the_one_that_the_rfc_defines(found: list[bytes]) -> None:
    assert Tree(found).root == defined_root(found)


@settings(deadline=None, max_examples=60)
@given(some_leaves, st.data())
def test_every_proof_is_the_one_that_the_rfc_defines_and_leads_to_the_root(
    found: list[bytes], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(found) - 1))
    proof = Tree(found).proof(at)
    assert proof.path == defined_path(at, found)
    assert root_from(found[at], proof) == Tree(found).root


@settings(deadline=None, max_examples=60)
@given(st.sets(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_a_proof_of_anything_else_does_not_lead_to_the_root(unique: set[bytes], data: st.DataObject) -> None:
    found = sorted(unique)
    at = data.draw(st.integers(0, len(found) - 1))
    tree, proof = Tree(found), Tree(found).proof(at)
    other = data.draw(st.binary(max_size=4).filter(lambda leaf: leaf != found[at]))
    index = data.draw(st.integers(-2, 2**53).filter(lambda n: n != at))
    assert root_from(other, proof) != tree.root
    assert root_from(found[at], replace(proof, index=index)) != tree.root
    assert root_from(found[at], replace(proof, path=(*proof.path, tree.root))) != tree.root
    if proof.path:
        nth = data.draw(st.integers(0, len(proof.path) - 1))
        path = list(proof.path)
        path[nth] = hashlib.sha256(path[nth]).digest()
        assert root_from(found[at], replace(proof, path=tuple(path))) != tree.root
        assert root_from(found[at], replace(proof, path=proof.path[:-1])) != tree.root


@settings(deadline=None, max_examples=60)
@given(st.integers(-5, 2**60), st.integers(-5, 2**60), st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_no_proof_whatever_raises(index: int, size: int, path: list[bytes]) -> None:
    found = root_from(b"leaf", Proof(index, size, tuple(path)))
    assert found is None or len(found) == 32


def test_a_tree_takes_as_many_bytes_as_its_hashes() -> None:
    """It is kept as long as its index is."""
    leaves = [document_leaf(f"article-{number}", bytes(32)) for number in range(4096)]
    tracemalloc.start()
    try:
        tree = Tree(leaves)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert tree.size == len(leaves)
    assert held / len(leaves) < 70  # as objects they were 140


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    with pytest.raises(IndexError, match="leaf 3 of a tree of 3"):
        Tree(LEAVES[:3]).proof(3)


def test_an_index_knows_the_hash_and_the_proof_of_each_of_its_documents(hash_index: Index) -> None:
    corpus = hash_index.corpus
    texts = {name: hash_index.document(name).text for name in hash_index.document_ids}
    assert [(e.document_id, e.sha256, e.characters) for e in corpus.entries()] == [
        (name, hashlib.sha256(text.encode()).hexdigest(), len(text)) for name, text in sorted(texts.items())
    ]
    for name, text in texts.items():
        found = root_from(document_leaf(name, revision(text)), corpus.proof(name))
        assert found is not None and found.hex() == corpus.root
    assert corpus.documents == 6
    with pytest.raises(NotFound, match="no document 'nothing'"):
        corpus.proof("nothing")


def test_the_corpus_of_the_documents_is_that_of_their_index(hash_index: Index) -> None:
    documents = [hash_index.document(name) for name in hash_index.document_ids]
    assert CorpusTree.of(documents).root == hash_index.corpus.root
    assert list(CorpusTree.of(documents).entries()) == list(hash_index.corpus.entries())


def test_a_view_bears_the_root_of_the_whole(hash_index: Index) -> None:
    view = hash_index.without(["bakery"])
    assert "bakery" not in view.document_ids
    assert view.corpus is hash_index.corpus


def test_a_corpus_of_no_documents_has_the_root_of_nothing() -> None:
    assert CorpusTree.of([]).root == hashlib.sha256().hexdigest()
    assert list(CorpusTree.of([]).entries()) == []
